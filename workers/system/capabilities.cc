#include "workers/system/capabilities.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

namespace aloha::system {
namespace {

// Each with its reason; the role table of the supervisor shows the same.
constexpr std::array<cap_value_t, 3> kCapabilities = {
    CAP_NET_BIND_SERVICE,  // ports below 1024
    CAP_NET_ADMIN,         // virtual addresses and their interfaces, managed addresses and routes
    CAP_NET_RAW,           // raw sockets for aloha-vrrp, announcing addresses
};

struct CapabilityCloser {
  void operator()(cap_t capabilities) const { cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, CapabilityCloser>;

// Those of the three that this process may use.
Result<std::vector<cap_value_t>> Permitted() {
  const Capabilities now(cap_get_proc());
  if (!now) return FailErrno("cap_get_proc");
  std::vector<cap_value_t> permitted;
  for (const cap_value_t capability : kCapabilities) {
    cap_flag_value_t value = CAP_CLEAR;
    if (cap_get_flag(now.get(), capability, CAP_PERMITTED, &value) == 0 && value == CAP_SET) {
      permitted.push_back(capability);
    }
  }
  return permitted;
}

// Exactly `kept` in the two sets, and nothing anywhere else.
Result<> SetProcess(const std::vector<cap_value_t>& kept, cap_flag_t first, cap_flag_t second) {
  const Capabilities wanted(cap_init());
  if (!wanted) return FailErrno("cap_init");
  if (!kept.empty()) {
    for (const cap_flag_t flag : {first, second}) {
      if (cap_set_flag(wanted.get(), flag, static_cast<int>(kept.size()), kept.data(), CAP_SET) !=
          0) {
        return FailErrno("cap_set_flag");
      }
    }
  }
  if (cap_set_proc(wanted.get()) != 0) return FailErrno("cap_set_proc");
  return {};
}

Result<> BecomeUser(uint32_t uid, uint32_t gid) {
  // Its groups matter: the binary may be executable for one of them alone.
  const passwd* user = getpwuid(uid);
  const int grouped = user != nullptr ? initgroups(user->pw_name, gid) : setgroups(1, &gid);
  if (grouped != 0) return FailErrno("set groups");
  if (setresgid(gid, gid, gid) != 0) return FailErrno("setresgid");
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_KEEPCAPS");
  if (setresuid(uid, uid, uid) != 0) return FailErrno("setresuid");
  return {};
}

}  // namespace

Result<Privileges> RaiseCapabilities() {
  Privileges privileges;
  std::ifstream start("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  if (uint32_t port = 0; start >> port) privileges.unprivileged_port_start = port;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const Result<std::vector<cap_value_t>> permitted = Permitted();
  if (!permitted) return tl::make_unexpected(permitted.error());
  if (auto set = SetProcess(*permitted, CAP_PERMITTED, CAP_EFFECTIVE); !set) {
    return tl::make_unexpected(set.error());
  }
  for (const cap_value_t capability : *permitted) {
    if (capability == CAP_NET_BIND_SERVICE) privileges.bind_service = true;
    if (capability == CAP_NET_ADMIN) privileges.net_admin = true;
    if (capability == CAP_NET_RAW) privileges.net_raw = true;
  }
  return privileges;
}

std::vector<std::string> Limitations(const Privileges& privileges) {
  if (privileges.bind_service || privileges.unprivileged_port_start <= 1) return {};
  return {fmt::format("no CAP_NET_BIND_SERVICE: ports below {} cannot be bound",
                      privileges.unprivileged_port_start)};
}

std::string NeedsCapability(const char* name) {
  return fmt::format(
      "it needs {}, which this process lacks (install the package, or start the supervisor as root "
      "with --user)",
      name);
}

Result<> KeepCapabilitiesForExec(uint32_t uid, uint32_t gid) {
  const Result<std::vector<cap_value_t>> kept = Permitted();
  if (!kept) return tl::make_unexpected(kept.error());
  for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
    // Refused without CAP_SETPCAP (some containers); no_new_privs below makes the bounding set a
    // second lock only.
    if (std::find(kCapabilities.begin(), kCapabilities.end(), capability) == kCapabilities.end()) {
      cap_drop_bound(capability);
    }
  }
  if (auto become = BecomeUser(uid, gid); !become) return become;
  if (auto set = SetProcess(*kept, CAP_PERMITTED, CAP_INHERITABLE); !set) return set;
  for (const cap_value_t capability : *kept) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
      return FailErrno("PR_CAP_AMBIENT_RAISE");
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace aloha::system
