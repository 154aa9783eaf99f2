#include "supervisor/licenses/licenses.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <limits>
#include <utility>

#include "supervisor/config/file.h"
#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace {

using Shown = admin::v1::License;
using Info = admin::v1::SystemInfo;

constexpr std::string_view kExtension = ".license";
constexpr int64_t kDay = 86'400;
// Days before the last licence expires; the most pressing first.
constexpr int64_t kThresholds[] = {1, 7, 30};
constexpr std::string_view kHarmless = "traffic goes on as before";

std::string Day(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:%Y-%m-%d}", parts);
}

int64_t LastSecond(const License& license) {
  return license.expires_s == 0 ? std::numeric_limits<int64_t>::max() : license.expires_s;
}

}  // namespace

Licenses::Licenses(std::string folder, std::string key_folder, MachineIds machine)
    : folder_(std::move(folder)),
      key_folder_(std::move(key_folder)),
      machine_(std::move(machine)) {}

std::string Licenses::PathOf(const std::string& serial) const {
  return fmt::format("{}/{}{}", folder_, serial, kExtension);
}

Result<Licenses::Kept> Licenses::Take(const SignedLicense& file) const {
  auto license = ReadLicense(file);
  if (!license) return tl::make_unexpected(license.error());
  const IssuerKey* issuer = FindIssuer(keys_, file);
  return Kept{std::move(*license), issuer != nullptr ? issuer->name : ""};
}

std::vector<std::string> Licenses::Load() {
  std::vector<std::string> troubles;
  keys_ = LoadIssuerKeys(key_folder_, troubles);
  licenses_.clear();
  std::error_code error;
  for (std::filesystem::directory_iterator one(folder_, error), end; !error && one != end;
       one.increment(error)) {
    const std::filesystem::path& path = one->path();
    if (path.extension() != kExtension) continue;
    const auto read = ReadTextFile(path.string(), kMaxLicenseBytes).and_then(SplitLicenseFile);
    const auto kept = read ? Take(*read) : tl::make_unexpected(read.error());
    if (!kept || PathOf(kept->license.says.serial()) != path.string()) {
      const std::string why = kept ? "it is not the one of its name" : kept.error().message;
      troubles.push_back(fmt::format("{} does not count: {}", EscapeForLog(path.string()), why));
    } else if (licenses_.size() < kMost) {
      licenses_[kept->license.says.serial()] = *kept;
    }
  }
  return troubles;
}

Result<Shown> Licenses::Add(std::string_view file, int64_t now_s) {
  const auto split = SplitLicenseFile(file);
  if (!split) return tl::make_unexpected(split.error());
  // Before any of it is read: what nobody known has signed is bytes of anybody.
  if (FindIssuer(keys_, *split) == nullptr) {
    return Fail(
        Code::kInvalidArgument,
        keys_.empty()
            ? fmt::format("there is no key of an issuer in {}, so no licence can be checked",
                          key_folder_)
            : "the licence was altered, or is of an issuer whose key is not here",
        "file");
  }
  auto kept = Take(*split);
  if (!kept) return tl::make_unexpected(kept.error());
  const config::v1::License& says = kept->license.says;
  switch (StateOf(*kept, now_s)) {
    case Shown::OTHER_MACHINE:
      return Fail(Code::kFailedPrecondition,
                  fmt::format("the licence is for another machine (UUID {}, ETHID {}); alohactl "
                              "license request tells what to send to its issuer",
                              says.uuid().empty() ? "any" : says.uuid(),
                              says.ethid().empty() ? "any" : says.ethid()));
    case Shown::EXPIRED:
      return Fail(Code::kFailedPrecondition,
                  fmt::format("the licence expired on {}", says.expires()));
    default:
      break;
  }
  if (licenses_.size() >= kMost && !licenses_.contains(says.serial())) {
    return Fail(Code::kResourceExhausted,
                fmt::format("there are {} licences; remove one first", kMost));
  }
  if (auto made = MakeFolder(folder_); !made) return tl::make_unexpected(made.error());
  if (auto kept_on_disk = WriteFileAtomically(PathOf(says.serial()), JoinLicenseFile(*split));
      !kept_on_disk) {
    return tl::make_unexpected(kept_on_disk.error());
  }
  const std::string serial = says.serial();
  return Describe(licenses_[serial] = std::move(*kept), now_s);
}

Result<> Licenses::Remove(const std::string& serial) {
  if (!licenses_.contains(serial)) {
    return Fail(Code::kNotFound,
                fmt::format("there is no licence \"{}\"; alohactl license list shows them",
                            EscapeForLog(serial)),
                "serial");
  }
  const std::string path = PathOf(serial);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FailErrno("delete " + path);
  licenses_.erase(serial);
  return {};
}

Shown::State Licenses::StateOf(const Kept& kept, int64_t now_s) const {
  const config::v1::License& says = kept.license.says;
  if (kept.issuer.empty()) return Shown::UNTRUSTED;
  if ((!says.uuid().empty() && says.uuid() != machine_.uuid) ||
      (!says.ethid().empty() && says.ethid() != machine_.ethid)) {
    return Shown::OTHER_MACHINE;
  }
  if (now_s > LastSecond(kept.license)) return Shown::EXPIRED;
  return now_s < kept.license.from_s ? Shown::NOT_YET_VALID : Shown::VALID;
}

Shown Licenses::Describe(const Kept& kept, int64_t now_s) const {
  const config::v1::License& says = kept.license.says;
  Shown shown;
  shown.set_serial(says.serial());
  shown.set_owner(says.owner());
  shown.set_units(says.units());
  *shown.mutable_features() = says.feature();
  shown.set_from_s(kept.license.from_s);
  shown.set_expires_s(kept.license.expires_s);
  shown.set_state(StateOf(kept, now_s));
  shown.set_issuer(kept.issuer);
  return shown;
}

std::vector<Shown> Licenses::List(int64_t now_s) const {
  std::vector<Shown> all;
  for (const auto& [serial, kept] : licenses_) all.push_back(Describe(kept, now_s));
  return all;
}

Licenses::Licensing Licenses::StateAt(int64_t now_s) const {
  if (licenses_.empty()) return Info::EVALUATION;
  for (const auto& [serial, kept] : licenses_) {
    if (StateOf(kept, now_s) == Shown::VALID) return Info::LICENSED;
  }
  return Info::NO_VALID_LICENSE;
}

std::optional<std::string> Licenses::WarningAt(int64_t now_s) const {
  switch (StateAt(now_s)) {
    case Info::EVALUATION:
      // Without a key nobody could issue one.
      if (keys_.empty()) return std::nullopt;
      return fmt::format("no licence was taken in: this is an evaluation, and {}", kHarmless);
    case Info::NO_VALID_LICENSE: {
      int64_t last = 0;
      for (const auto& [serial, kept] : licenses_) {
        if (StateOf(kept, now_s) == Shown::EXPIRED) last = std::max(last, LastSecond(kept.license));
      }
      const std::string since = last > 0 ? fmt::format(" since the end of {}", Day(last)) : "";
      return fmt::format("no licence is valid{}; {}", since, kHarmless);
    }
    default:
      break;
  }
  const Kept* longest = nullptr;
  for (const auto& [serial, kept] : licenses_) {
    if (StateOf(kept, now_s) != Shown::VALID) continue;
    if (longest == nullptr || LastSecond(kept.license) > LastSecond(longest->license)) {
      longest = &kept;
    }
  }
  if (longest == nullptr) return std::nullopt;
  const int64_t left = LastSecond(longest->license) - now_s;
  for (const int64_t days : kThresholds) {
    if (left > days * kDay) continue;
    return fmt::format("the last valid licence, {}, expires within {} day{}, at the end of {}",
                       longest->license.says.serial(), days, days == 1 ? "" : "s",
                       Day(LastSecond(longest->license)));
  }
  return std::nullopt;
}

}  // namespace aloha::supervisor
