// What the configuration can say and this version does not act on: warned about, since everything
// else works without it. Each new ability deletes lines here, and nowhere else.
#include "supervisor/config/checks.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HighAvailability;

constexpr char kNoEffect[] = "has no effect: this version does not act on it yet";

}  // namespace

void WarnOfUnsupported(const Config& config, Checker& check) {
  const auto warn = [&](bool asked, const char* path) {
    if (asked) check.Warn(path, kNoEffect);
  };
  const auto role = config.high_availability().role();
  warn(config.management().web().enabled(), "management.web.enabled");
  warn(config.management().grpc().enabled(), "management.grpc.enabled");
  warn(config.network().managed(), "network.managed");
  warn(role == HighAvailability::MASTER || role == HighAvailability::BACKUP,
       "high_availability.role");
  warn(config.log().has_syslog(), "log.syslog");
  warn(config.has_alert(), "alert");
}

}  // namespace aloha::supervisor
