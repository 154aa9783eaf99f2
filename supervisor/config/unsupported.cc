// What the configuration can say and this version does not act on: warned about, since everything
// else works without it. Each new ability deletes lines here, and nowhere else.
#include "supervisor/config/checks.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;

constexpr char kNoEffect[] = "has no effect: this version does not act on it yet";

}  // namespace

void WarnOfUnsupported(const Config& config, Checker& check) {
  const auto warn = [&](bool asked, const char* path) {
    if (asked) check.Warn(path, kNoEffect);
  };
  warn(config.log().has_syslog(), "log.syslog");
  warn(config.has_alert(), "alert");
}

}  // namespace aloha::supervisor
