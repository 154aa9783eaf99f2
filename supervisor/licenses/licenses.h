// The licences that were taken in, one file each below STATE_DIR/licenses. Nothing but what is
// shown, told and measured depends on them.
#ifndef ALOHA_SUPERVISOR_LICENSES_LICENSES_H_
#define ALOHA_SUPERVISOR_LICENSES_LICENSES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/v1/admin.pb.h"
#include "admin/v1/licenses.pb.h"
#include "supervisor/licenses/issuer_keys.h"
#include "supervisor/licenses/license_file.h"

namespace aloha::supervisor {

// Control thread. Times: seconds since 1970-01-01 UTC.
class Licenses {
 public:
  using Licensing = admin::v1::SystemInfo::Licensing;

  static constexpr size_t kMost = 64;

  // What licences know this machine by; empty: it has none.
  struct MachineIds {
    std::string uuid, ethid;
  };

  Licenses(std::string folder, std::string key_folder, MachineIds machine);

  // Reads keys and licences, at first or anew. What cannot be used, a sentence each; the rest
  // counts.
  std::vector<std::string> Load();

  // See aloha.admin.v1.Licenses.
  Result<admin::v1::License> Add(std::string_view file, int64_t now_s);
  Result<> Remove(const std::string& serial);

  // By serial.
  std::vector<admin::v1::License> List(int64_t now_s) const;
  Licensing StateAt(int64_t now_s) const;
  const std::vector<IssuerKey>& keys() const { return keys_; }
  const MachineIds& machine() const { return machine_; }

  // What an administrator should know: that there is no valid licence, or the last one soon
  // expires. The same text as long as the same holds. Nothing where no licence is missed.
  std::optional<std::string> WarningAt(int64_t now_s) const;

 private:
  struct Kept {
    License license;
    std::string issuer;  // empty: nobody's whose key is here
  };

  admin::v1::License::State StateOf(const Kept& kept, int64_t now_s) const;
  admin::v1::License Describe(const Kept& kept, int64_t now_s) const;
  Result<Kept> Take(const SignedLicense& file) const;
  std::string PathOf(const std::string& serial) const;

  const std::string folder_, key_folder_;
  const MachineIds machine_;
  std::vector<IssuerKey> keys_;
  std::map<std::string, Kept> licenses_;  // by serial
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_LICENSES_LICENSES_H_
