// Warnings about the Exchange areas: what can run, and yet disappoints somebody.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/checks.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HttpDirectory;

std::string TooShort(std::string_view value, std::chrono::milliseconds need, const char* breaks) {
  return fmt::format("{} is less than {}: {}", Quote(value), FormatDuration(need), breaks);
}

bool IsCasArea(Area area) { return area != Area::kSmtp; }

void AdviseOnServers(const Config& config, Checker& check) {
  for (const Area area : kAreas) {
    if (IsEnabled(config, area) && !Runs(config, area)) {
      check.Warn(AreaName(area), fmt::format("incomplete: no {}; nothing is bound until there is "
                                             "one",
                                             ServerField(config, area)));
    }
  }
  const bool uses_cas = std::any_of(kAreas.begin(), kAreas.end(), [&](Area area) {
    return IsCasArea(area) && IsEnabled(config, area);
  });
  if (uses_cas && config.cas_server_size() == 1) {
    check.Warn("cas_server[0]", "the only server: when it fails, nothing takes over; add another");
  }
}

void AdviseOnDirectories(const Config& config, Checker& check) {
  const auto is_on = [&](HttpDirectory::Name name) {
    return std::any_of(Directories().begin(), Directories().end(), [&](const Directory& d) {
      return d.name == name && IsSwitchedOn(config, d);
    });
  };
  if (is_on(HttpDirectory::OUTLOOK_WEB_APP) != is_on(HttpDirectory::EXCHANGE_CONTROL_PANEL)) {
    check.Warn("http.exchange_control_panel",
               "differs from http.outlook_web_app: the options page of Outlook Web App is the "
               "control panel; switch both");
  }
  if (!is_on(HttpDirectory::AUTODISCOVER)) {
    check.Warn("http.autodiscover", "off: Outlook and phones do not find their settings");
  }
  if (!is_on(HttpDirectory::EXCHANGE_WEB_SERVICES)) {
    check.Warn("http.exchange_web_services",
               "off: Outlook has no free/busy times, out-of-office or calendar sharing");
  }
}

void AdviseOnHttpTimeouts(const Config& config, Checker& check) {
  const auto& http = config.http();
  const auto whole = ParseDuration(http.timeout());
  for (const Directory& directory : Directories()) {
    if (!IsSwitchedOn(config, directory)) continue;
    bool has_own = false;
    for (int i = 0; i < http.directory_size(); ++i) {
      if (http.directory(i).name() != directory.name) continue;
      const auto own = ParseDuration(http.directory(i).timeout());
      has_own = own.has_value();
      if (own && *own < directory.need) {
        check.Warn(IndexPath("http.directory", i) + ".timeout",
                   TooShort(http.directory(i).timeout(), directory.need, directory.breaks));
      }
    }
    // In SSL_FORWARD the directories cannot be told apart, and http.timeout holds for all.
    if (has_own && http.mode() != config::v1::Http::SSL_FORWARD) continue;
    if (whole && *whole < directory.need) {
      check.Warn("http.timeout", TooShort(http.timeout(), directory.need, directory.breaks));
    }
  }
}

void AdviseOnHttp(const Config& config, Checker& check) {
  const bool others = std::any_of(kAreas.begin(), kAreas.end(), [&](Area area) {
    return area != Area::kHttp && Runs(config, area);
  });
  if (!IsEnabled(config, Area::kHttp)) {
    if (others && !config.cas_server().empty()) {
      check.Warn(config.has_http() ? "http.mode" : "http",
                 "disabled: no Outlook Web App, ActiveSync, Autodiscover or Exchange Web Services");
    }
    return;
  }
  AdviseOnDirectories(config, check);
  AdviseOnHttpTimeouts(config, check);
  const auto& http = config.http();
  if (!IsExchange2013OrLater(config) && http.mapi()) {
    check.Warn("http.mapi", "Exchange 2010 has no MAPI over HTTP; switch it off");
  }
  if (http.mode() != config::v1::Http::SSL_FORWARD) return;
  const auto warn = [&](bool asked, const char* path) {
    if (asked) check.Warn(path, "has no effect in SSL_FORWARD, where requests cannot be read");
  };
  warn(!http.extra_path().empty(), "http.extra_path[0]");
  warn(http.hsts(), "http.hsts");
  warn(http.has_request_id_header(), "http.request_id_header");
  for (int i = 0; i < config.http().directory_size(); ++i) {
    if (config.http().directory(i).allow_from().empty()) continue;
    check.Warn(IndexPath("http.directory", i) + ".allow_from",
               "has no effect in SSL_FORWARD, where requests cannot be read");
  }
}

void AdviseOnMail(const Config& config, Checker& check) {
  for (const Area area : {Area::kImap, Area::kPop3, Area::kSmtp, Area::kRpc}) {
    if (!IsEnabled(config, area)) continue;
    const TimeoutNeed need = NeedOf(area);
    const auto timeout = IdleTimeout(config, area);
    if (timeout < need.least) {
      check.Warn(fmt::format("{}.timeout", AreaName(area)),
                 TooShort(FormatDuration(timeout), need.least, need.breaks));
    }
  }
}

void AdviseOnCertificates(const Config& config, Checker& check) {
  for (const Area area : kAreas) {
    // STARTTLS on a clear port needs a certificate: an error already.
    if (!UsesSelfSigned(config, area) ||
        PortsOf(config, area).front().client_tls == TlsStart::kStarttls) {
      continue;
    }
    check.Warn(fmt::format("{}.certificate", AreaName(area)),
               "self-signed: clients warn, and many refuse; import a certificate and name it");
  }
}

void AdviseOnRpc(const Config& config, Checker& check) {
  if (!IsEnabled(config, Area::kRpc)) return;
  if (IsExchange2013OrLater(config)) {
    check.Warn("rpc",
               "Exchange 2013 and later have no RPC over TCP: nobody uses these ports; "
               "switch it off");
  }
  const std::vector<AreaPort> ports = PortsOf(config, Area::kRpc);
  for (size_t i = 1; i < ports.size(); ++i) {  // the first is the endpoint mapper
    const uint32_t port = ports[i].port;
    if ((port >= 59531 && port <= 60554) || port < 1 || port > 65535) continue;
    check.Warn(
        ports[i].field,
        fmt::format("{} is outside 59531 to 60554, the range that Microsoft recommends", port));
  }
}

}  // namespace

void ValidateExchangeAdvice(const Config& config, Checker& check) {
  AdviseOnServers(config, check);
  AdviseOnHttp(config, check);
  AdviseOnMail(config, check);
  AdviseOnCertificates(config, check);
  AdviseOnRpc(config, check);
}

}  // namespace aloha::supervisor
