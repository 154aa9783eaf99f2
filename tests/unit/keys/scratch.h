// A folder for one test, removed with it, and the openssl command, which makes what a test imports.
#ifndef ALOHA_TESTS_UNIT_KEYS_SCRATCH_H_
#define ALOHA_TESTS_UNIT_KEYS_SCRATCH_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace aloha::keys {

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Runs a shell command there; a failed one fails the test.
  void Run(const std::string& command) const;
  std::string Read(const std::string& name) const;
  void Write(const std::string& name, const std::string& bytes) const;

 private:
  std::string path_;
};

}  // namespace aloha::keys

#endif  // ALOHA_TESTS_UNIT_KEYS_SCRATCH_H_
