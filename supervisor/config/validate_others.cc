// Validation of what stands around the services: proxies in front, certificate files, logs, alerts,
// performance.
#include <fmt/format.h>

#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;

void CheckMailAddress(const std::string& path, const std::string& text, Checker& check) {
  const size_t at = text.find('@');
  const bool good = at != std::string::npos && at > 0 && at + 1 < text.size() &&
                    text.find('@', at + 1) == std::string::npos &&
                    text.find_first_of(" \t\r\n<>,;\"") == std::string::npos && text.size() <= 254;
  if (!good) {
    check.Error(path, fmt::format("{} is not a mail address; write it as in \"ops@example.org\"",
                                  Quote(text)));
  }
}

void CheckCertificateFile(const std::string& path, const config::v1::CertificateFile& file,
                          std::set<std::string>& names, Checker& check) {
  if (check.RequireName(path + ".name", file.has_name(), file.name()) &&
      !names.insert(file.name()).second) {
    check.Error(path + ".name",
                fmt::format("{} is the name of two files; rename one", Quote(file.name())));
  }
  const std::string& name = file.path();
  if (name.empty()) {
    check.Missing(path + ".path", "the file below the folder given by --secrets-dir");
  } else if (name.front() == '/' || ("/" + name + "/").find("/../") != std::string::npos) {
    check.Error(path + ".path", fmt::format("{} leaves the folder given by --secrets-dir; write it "
                                            "relative to that, without \"..\"",
                                            Quote(name)));
  }
  if (!check.facts().secrets_dir) {
    check.Error(path,
                "needs the option --secrets-dir at start; give it, or import the certificate");
  }
}

void CheckAlert(const config::v1::Alert& alert, Checker& check) {
  if (alert.has_smtp_server()) {
    check.HostAddress("alert.smtp_server", alert.smtp_server());
  } else {
    check.Missing("alert.smtp_server", "the address of a mail server");
  }
  if (alert.has_from()) {
    CheckMailAddress("alert.from", alert.from(), check);
  } else {
    check.Missing("alert.from", "a mail address");
  }
  if (alert.to().empty()) check.Missing("alert.to", "at least one mail address");
  for (int i = 0; i < alert.to_size(); ++i) {
    CheckMailAddress(IndexPath("alert.to", i), alert.to(i), check);
  }
}

}  // namespace

void ValidateOthers(const Config& config, Checker& check) {
  check.Networks("trusted_proxy", config.trusted_proxy());
  std::set<std::string> names;
  for (int i = 0; i < config.certificate_file_size(); ++i) {
    CheckCertificateFile(IndexPath("certificate_file", i), config.certificate_file(i), names,
                         check);
  }
  if (config.log().has_syslog()) {
    const auto& syslog = config.log().syslog();
    if (syslog.has_address()) {
      check.HostAddress("log.syslog.address", syslog.address());
    } else {
      check.Missing("log.syslog.address", "the address of a syslog server");
    }
    if (syslog.has_port()) check.Port("log.syslog.port", syslog.port());
  }
  if (config.has_alert()) CheckAlert(config.alert(), check);
  check.Number("performance.proxy_threads", config.performance().proxy_threads(), 0, 64);
}

}  // namespace aloha::supervisor
