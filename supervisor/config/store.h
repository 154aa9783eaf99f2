// Versions of the configuration on disk.
//
//   RUN_DIR/config/running.textproto     what runs; survives a crash, and a boot empties RUN_DIR
//   STATE_DIR/config/saved.textproto     what the administrator saved; runs after a boot
//   STATE_DIR/history/NNNNNN.textproto   every applied version, the last 200
//
// Each file begins with a comment that holds its VersionInfo and ends with a checksum
// (state_file.h). Broken ones are set aside as they are met.
#ifndef ALOHA_SUPERVISOR_CONFIG_STORE_H_
#define ALOHA_SUPERVISOR_CONFIG_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// A configuration and where it came from.
struct ConfigVersion {
  config::v1::VersionInfo info;
  config::v1::Config config;
};

class ConfigStore {
 public:
  static constexpr size_t kKeptVersions = 200;

  // Makes the folders; STATE_DIR and RUN_DIR themselves must be there.
  static Result<ConfigStore> Open(const std::string& state_dir, const std::string& run_dir);

  // Keeps a version in the history, under the next number, which it sets in `version`.
  Result<> Keep(ConfigVersion& version);
  // Keeps an applied version in the history, under the next number, and as the running one; sets
  // the number in `version`. On failure neither has changed.
  Result<> Record(ConfigVersion& version);
  // Keeps versions of another history, oldest first, under the next numbers, but for those that are
  // here already. Answers the number of each; on failure none was kept.
  Result<std::vector<uint64_t>> Adopt(std::vector<ConfigVersion> versions);
  // Takes numbers above `newest` out of the history again.
  void ForgetAbove(uint64_t newest);
  // Takes all but this number out of it.
  void ForgetOthers(uint64_t number);
  // The largest number that was ever used; 0: none.
  uint64_t newest() const;
  // Makes it what runs after a boot.
  Result<> Save(const ConfigVersion& version);

  // kNotFound: there is none. kInvalidArgument: it was broken, and has been set aside.
  Result<ConfigVersion> ReadRunning() const;
  Result<ConfigVersion> ReadSaved() const;
  Result<ConfigVersion> ReadVersion(uint64_t number) const;

  // Numbers in the history, newest first. Files are not read.
  std::vector<uint64_t> Numbers() const;
  // What is known of each version that can be read, newest first. Broken ones are set aside.
  std::vector<config::v1::VersionInfo> List() const;

 private:
  ConfigStore(std::string running, std::string saved, std::string history)
      : running_(std::move(running)), saved_(std::move(saved)), history_(std::move(history)) {}

  std::string VersionPath(uint64_t number) const;
  void Prune() const;

  std::string running_;
  std::string saved_;
  std::string history_;  // folder
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_STORE_H_
