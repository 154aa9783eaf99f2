#include "tests/unit/supervisor/golden.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace aloha::supervisor {
namespace {

std::string PathOf(const std::string& folder, const std::string& file) {
  return std::string(ALOHA_SOURCE_DIR) + "/tests/golden/" + folder + "/" + file;
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

std::vector<std::string> GoldenNames(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PathOf(folder, ""))) {
    if (entry.path().extension() == ".textproto") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string GoldenInput(const std::string& folder, const std::string& name) {
  return Read(PathOf(folder, name + ".textproto"));
}

std::string GoldenTestName(const testing::TestParamInfo<std::string>& scenario) {
  std::string name;
  for (const char c : scenario.param) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

void ExpectGolden(const std::string& folder, const std::string& name, const std::string& output) {
  const std::string path = PathOf(folder, name + ".expected");
  if (std::getenv("ALOHA_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << output;
  }
  EXPECT_EQ(output, Read(path)) << "in " << path << "; ALOHA_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace aloha::supervisor
