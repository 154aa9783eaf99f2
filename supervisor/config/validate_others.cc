// Validation of what stands around the services: proxies in front, certificate files, logs, alerts,
// performance.
#include <fmt/format.h>

#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/error_page.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;

void CheckMailAddress(const std::string& path, const std::string& text, Checker& check) {
  const size_t at = text.find('@');
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  const bool good = std::all_of(text.begin(), text.end(), printable) && at != std::string::npos &&
                    at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string::npos &&
                    text.find_first_of("<>,;\"") == std::string::npos && text.size() <= 254;
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
  if (alert.has_port()) check.Port("alert.port", alert.port());
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

// The size of its content, where that was read.
size_t CheckErrorPage(const std::string& path, const config::v1::ErrorPage& page,
                      std::set<uint32_t>& statuses, Checker& check) {
  if (!page.has_status()) {
    check.Missing(path + ".status", "the status that it stands for, 400 to 599");
  } else if (check.Number(path + ".status", page.status(), 400, 599) &&
             !statuses.insert(page.status()).second) {
    check.Error(path + ".status", fmt::format("{} has two pages; keep one", page.status()));
  }
  const std::string at = path + ".file";
  const std::string& file = page.file();
  if (file.empty()) {
    check.Missing(at, "the whole path of a file, as in \"/etc/aloha/503.html\"");
  } else if (file.front() != '/') {
    check.Error(at, fmt::format("{} is not a whole path; begin with \"/\"", Quote(file)));
  } else if (ErrorPageType(file).empty()) {
    check.Error(
        at, fmt::format("{} tells no content type; end the name in .html or .txt", Quote(file)));
  } else if (check.facts().read_page && IsPlainText(file)) {  // else it was reported as such
    const auto content = check.facts().read_page(file);
    if (content) return content->size();
    check.Error(at, content.error().message);
  }
  return 0;
}

// Every HTTP service gets every page.
void CheckErrorPages(const Config& config, Checker& check) {
  std::set<uint32_t> statuses;
  size_t bytes = 0, services = 2;  // of the HTTP area
  for (int i = 0; i < config.error_page_size(); ++i) {
    bytes += CheckErrorPage(IndexPath("error_page", i), config.error_page(i), statuses, check);
  }
  for (const auto& service : config.virtual_service()) {
    services += service.protocol() == config::v1::VirtualService::HTTP;
  }
  const size_t most = check.facts().limits.error_pages / services;
  if (bytes <= most) return;
  check.Error("error_page", fmt::format("{} bytes are too many for {} HTTP services; use at most "
                                        "{}, in fewer or shorter pages",
                                        bytes, services, most));
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
  CheckErrorPages(config, check);
  check.Number("performance.proxy_threads", config.performance().proxy_threads(), 0, 64);
}

}  // namespace aloha::supervisor
