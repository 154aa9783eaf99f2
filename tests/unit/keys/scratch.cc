#include "tests/unit/keys/scratch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace aloha::keys {

Scratch::Scratch() {
  char path[] = "/tmp/aloha-keys-test-XXXXXX";
  EXPECT_NE(mkdtemp(path), nullptr);
  path_ = path;
}

Scratch::~Scratch() { std::filesystem::remove_all(path_); }

void Scratch::Run(const std::string& command) const {
  const std::string whole = "cd " + path_ + " && ( " + command + " ) >run.log 2>&1";
  if (std::system(whole.c_str()) != 0) ADD_FAILURE() << command << "\n" << Read("run.log");
}

std::string Scratch::Read(const std::string& name) const {
  std::ifstream file(*this / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Scratch::Write(const std::string& name, const std::string& bytes) const {
  std::ofstream(*this / name, std::ios::binary) << bytes;
}

}  // namespace aloha::keys
