// A folder that goes with its owner.
#ifndef ALOHA_TESTS_UNIT_SUPERVISOR_TEMPORARY_FOLDER_H_
#define ALOHA_TESTS_UNIT_SUPERVISOR_TEMPORARY_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace aloha::supervisor {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/aloha-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Read(const std::string& name) const {
    std::ifstream file(path_ + "/" + name, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
  }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << content;
  }
  bool Has(const std::string& name) const { return std::filesystem::exists(path_ + "/" + name); }

 private:
  std::string path_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_TESTS_UNIT_SUPERVISOR_TEMPORARY_FOLDER_H_
