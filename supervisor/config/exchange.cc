#include "supervisor/config/exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/duration.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::Http;
using config::v1::HttpDirectory;
using config::v1::Mail;
using config::v1::SmtpArea;
using namespace std::chrono_literals;

constexpr char kHealthOwa[] = "/owa/healthcheck.htm";

// Exchange 2010 has no health page: the logon page answers 200, whatever wants a sign-in answers
// 401.
constexpr Directory kDirectories[] = {
    {HttpDirectory::OUTLOOK_WEB_APP, "owa", "outlook_web_app", "/owa", 10min,
     "Outlook Web App users are cut off while they read", "/owa/auth/logon.aspx", 200, kHealthOwa,
     200},
    {HttpDirectory::EXCHANGE_CONTROL_PANEL, "ecp", "exchange_control_panel", "/ecp", 10min,
     "control panel users are cut off while they read", "/owa/auth/logon.aspx", 200,
     "/ecp/healthcheck.htm", 200},
    {HttpDirectory::OFFLINE_ADDRESS_BOOK, "oab", "offline_address_book", "/oab", 5min,
     "address book downloads break off", "/oab/", 401, "/oab/healthcheck.htm", 200},
    {HttpDirectory::AUTODISCOVER, "autodiscover", "autodiscover", "/autodiscover", 5min,
     "Outlook's autodiscovery breaks off", "/autodiscover/autodiscover.xml", 401,
     "/autodiscover/healthcheck.htm", 200},
    {HttpDirectory::EXCHANGE_WEB_SERVICES, "ews", "exchange_web_services", "/ews", 40min,
     "streaming notifications of Exchange Web Services break off", "/ews/exchange.asmx", 401,
     "/ews/healthcheck.htm", 200},
    {HttpDirectory::ACTIVE_SYNC, "activesync", "active_sync", "/Microsoft-Server-ActiveSync", 65min,
     "phones, which keep a request open up to 59m, get no push mail",
     "/Microsoft-Server-ActiveSync", 401, "/Microsoft-Server-ActiveSync/healthcheck.htm", 200},
    {HttpDirectory::OUTLOOK_ANYWHERE, "rpcproxy", "outlook_anywhere", "/rpc/rpcproxy.dll", 40min,
     "Outlook Anywhere, silent up to 15m one way, disconnects", "/rpc/rpcproxy.dll", 401,
     "/rpc/healthcheck.htm", 200},
    {HttpDirectory::MAPI, "mapi", "mapi", "/mapi", 40min, "Outlook (MAPI over HTTP) disconnects",
     nullptr, 0, "/mapi/healthcheck.htm", 200},
    {HttpDirectory::POWERSHELL, "powershell", "powershell", "/powershell", 15min,
     "Remote PowerShell sessions break off", "/powershell/", 401, "/powershell/", 401},
};

// Default ports and the mail area's fields, the same for its three kinds.
struct MailPorts {
  Mail::Mode mode = Mail::DISABLED;
  uint32_t clear = 0, ssl = 0, server_clear = 0, server_ssl = 0;
};

template <typename AreaMessage>
MailPorts ReadMail(const AreaMessage& area, uint32_t clear, uint32_t ssl) {
  MailPorts ports;
  ports.mode = area.mode();
  ports.clear = area.has_virtual_port() ? area.virtual_port() : clear;
  ports.ssl = area.has_virtual_ssl_port() ? area.virtual_ssl_port() : ssl;
  ports.server_clear = area.has_server_port() ? area.server_port() : clear;
  ports.server_ssl = area.has_server_ssl_port() ? area.server_ssl_port() : ssl;
  return ports;
}

MailPorts MailPortsOf(const Config& config, Area area) {
  switch (area) {
    case Area::kImap:
      return ReadMail(config.imap(), 143, 993);
    case Area::kPop3:
      return ReadMail(config.pop3(), 110, 995);
    default:
      return ReadMail(config.smtp(), 25, 587);
  }
}

Mail::Mode ModeOf(const Config& config, Area area) { return MailPortsOf(config, area).mode; }

bool HasClearPort(Mail::Mode mode) {
  return mode == Mail::CLEAR || mode == Mail::CLEAR_AND_SSL_FORWARD ||
         mode == Mail::CLEAR_AND_SSL_OFFLOAD || mode == Mail::CLEAR_AND_SSL_BRIDGE;
}
bool IsForward(Mail::Mode mode) {
  return mode == Mail::SSL_FORWARD || mode == Mail::CLEAR_AND_SSL_FORWARD;
}
bool IsOffload(Mail::Mode mode) {
  return mode == Mail::SSL_OFFLOAD || mode == Mail::CLEAR_AND_SSL_OFFLOAD;
}

bool BeginsWithStarttls(const SmtpArea& smtp, uint32_t ssl_port) {
  if (smtp.has_ssl_port_mode()) return smtp.ssl_port_mode() == SmtpArea::STARTTLS;
  return ssl_port == 587;
}

std::vector<AreaPort> MailPortList(const Config& config, Area area) {
  const MailPorts ports = MailPortsOf(config, area);
  const std::string name = AreaName(area);
  std::vector<AreaPort> list;
  if (HasClearPort(ports.mode)) {
    list.push_back(
        {name, name + ".virtual_port", ports.clear, ports.server_clear, PortUse::kBytes});
  }
  if (ports.mode == Mail::CLEAR) return list;
  const bool forward = IsForward(ports.mode);
  const bool starttls = area == Area::kSmtp && BeginsWithStarttls(config.smtp(), ports.ssl);
  const PortUse use = !forward ? PortUse::kTlsEnds : starttls ? PortUse::kBytes : PortUse::kTls;
  list.push_back({name + "s", name + ".virtual_ssl_port", ports.ssl,
                  IsOffload(ports.mode) ? ports.server_clear : ports.server_ssl, use});
  if (area != Area::kSmtp) return list;

  // Where TLS passes through, Exchange itself would have to listen on 465, which it does not by
  // default.
  uint32_t implicit = forward || ports.ssl == 465 ? 0 : 465;
  if (config.smtp().has_implicit_tls_port()) implicit = config.smtp().implicit_tls_port();
  if (implicit != 0) {
    list.push_back({fmt::format("smtps-{}", implicit), "smtp.implicit_tls_port", implicit,
                    forward ? implicit : list.back().server_port,
                    forward ? PortUse::kTls : PortUse::kTlsEnds});
  }
  return list;
}

std::vector<AreaPort> HttpPortList(const Http& http) {
  const bool forward = http.mode() == Http::SSL_FORWARD;
  const uint32_t cas_https = http.has_cas_https_port() ? http.cas_https_port() : 443;
  const uint32_t cas_http = http.has_cas_http_port() ? http.cas_http_port() : 80;
  std::vector<AreaPort> list;
  list.push_back({"https", "http.virtual_https_port",
                  http.has_virtual_https_port() ? http.virtual_https_port() : 443,
                  http.mode() == Http::SSL_OFFLOAD ? cas_http : cas_https,
                  forward ? PortUse::kTls : PortUse::kTlsEnds});
  const uint32_t redirect = http.has_redirect_http_port() ? http.redirect_http_port() : 80;
  if (redirect != 0) {
    list.push_back({"http-redirect", "http.redirect_http_port", redirect, 0, PortUse::kRedirect});
  }
  return list;
}

std::vector<AreaPort> RpcPortList(const config::v1::Rpc& rpc) {
  const auto entry = [](const char* field, uint32_t port) {
    return AreaPort{fmt::format("rpc-{}", port), field, port, port, PortUse::kBytes};
  };
  return {entry("rpc.endpoint_mapper_port",
                rpc.has_endpoint_mapper_port() ? rpc.endpoint_mapper_port() : 135),
          entry("rpc.client_access_port",
                rpc.has_client_access_port() ? rpc.client_access_port() : 60000),
          entry("rpc.address_book_port",
                rpc.has_address_book_port() ? rpc.address_book_port() : 60001)};
}

// The longest that a directory which is on may be silent.
std::chrono::milliseconds LongestDirectoryTimeout(const Config& config) {
  std::chrono::milliseconds longest = 5min;
  for (const Directory& directory : kDirectories) {
    if (!IsSwitchedOn(config, directory)) continue;
    longest = std::max(longest, DirectoryTimeout(config, directory));
  }
  return longest;
}

std::string TimeoutOf(const Config& config, Area area) {
  switch (area) {
    case Area::kHttp:
      return config.http().timeout();
    case Area::kImap:
      return config.imap().timeout();
    case Area::kPop3:
      return config.pop3().timeout();
    case Area::kSmtp:
      return config.smtp().timeout();
    case Area::kRpc:
      return config.rpc().timeout();
  }
  return "";
}

}  // namespace

const char* AreaName(Area area) {
  switch (area) {
    case Area::kHttp:
      return "http";
    case Area::kImap:
      return "imap";
    case Area::kPop3:
      return "pop3";
    case Area::kSmtp:
      return "smtp";
    case Area::kRpc:
      return "rpc";
  }
  return "";
}

bool IsEnabled(const Config& config, Area area) {
  switch (area) {
    case Area::kHttp:
      return config.http().mode() > Http::DISABLED && Http::Mode_IsValid(config.http().mode());
    case Area::kRpc:
      return config.has_rpc() && (!config.rpc().has_enabled() || config.rpc().enabled());
    default:
      return ModeOf(config, area) > Mail::DISABLED && Mail::Mode_IsValid(ModeOf(config, area));
  }
}

const char* ServerField(const Config& config, Area area) {
  if (area != Area::kSmtp) return "cas_server";
  return config.hub_server().empty() && IsExchange2013OrLater(config) ? "cas_server" : "hub_server";
}

const ExchangeServers& ServersOf(const Config& config, Area area) {
  return std::string_view(ServerField(config, area)) == "cas_server" ? config.cas_server()
                                                                     : config.hub_server();
}

bool Runs(const Config& config, Area area) {
  return IsEnabled(config, area) && !ServersOf(config, area).empty();
}

bool IsExchange2013OrLater(const Config& config) {
  return config.exchange_version() >= config::v1::EXCHANGE_2013;
}

std::vector<AreaPort> PortsOf(const Config& config, Area area) {
  if (!IsEnabled(config, area)) return {};
  switch (area) {
    case Area::kHttp:
      return HttpPortList(config.http());
    case Area::kRpc:
      return RpcPortList(config.rpc());
    default:
      return MailPortList(config, area);
  }
}

bool HasDirectoryServices(const Config& config) {
  return IsEnabled(config, Area::kHttp) && config.http().mode() != Http::SSL_FORWARD;
}

std::vector<std::pair<std::string, std::string>> ServicesMadeOf(const Config& config, Area area) {
  std::vector<std::pair<std::string, std::string>> services;
  for (const AreaPort& port : PortsOf(config, area)) {
    services.emplace_back(port.service, port.field);
  }
  if (area != Area::kHttp || !HasDirectoryServices(config)) return services;
  for (const Directory& directory : kDirectories) {
    if (!IsSwitchedOn(config, directory)) continue;
    services.emplace_back(directory.service, fmt::format("http.{}", directory.field));
  }
  if (!config.http().extra_path().empty()) {
    services.emplace_back(kExtraService, "http.extra_path");
  }
  return services;
}

std::vector<std::string> ListenAddresses(const Config& config) {
  std::vector<std::string> addresses = {config.has_listen_address() ? config.listen_address()
                                                                    : "0.0.0.0"};
  const auto listen = ParseAddress(addresses.front());
  const auto role = config.high_availability().role();
  using config::v1::HighAvailability;
  if (role != HighAvailability::MASTER && role != HighAvailability::BACKUP) return addresses;
  for (const std::string& text : config.high_availability().virtual_address()) {
    const auto network = ParseNetwork(text);
    if (!network) continue;
    const bool covered = listen && listen->IsWildcard() && listen->v6 == network->address.v6;
    const std::string address = FormatAddress(network->address);
    if (!covered && std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

std::span<const Directory> Directories() { return kDirectories; }

bool IsSwitchedOn(const Config& config, const Directory& directory) {
  const auto* field = Http::descriptor()->FindFieldByName(directory.field);
  const auto* reflection = config.http().GetReflection();
  if (reflection->HasField(config.http(), field)) return reflection->GetBool(config.http(), field);
  if (directory.name == HttpDirectory::POWERSHELL) return false;
  return directory.name != HttpDirectory::MAPI || IsExchange2013OrLater(config);
}

HttpDirectory::Name ForwardCheck(const Http& http) {
  return http.has_forward_check() ? http.forward_check() : HttpDirectory::OUTLOOK_WEB_APP;
}

std::chrono::milliseconds DirectoryTimeout(const Config& config, const Directory& directory) {
  const auto whole = ParseDuration(config.http().timeout());
  for (const HttpDirectory& settings : config.http().directory()) {
    if (settings.name() != directory.name || !settings.has_timeout()) continue;
    return ParseDuration(settings.timeout()).value_or(directory.need);
  }
  return whole.value_or(directory.need);
}

std::chrono::milliseconds IdleTimeout(const Config& config, Area area) {
  if (const auto timeout = ParseDuration(TimeoutOf(config, area))) return *timeout;
  switch (area) {
    case Area::kHttp:
      return LongestDirectoryTimeout(config);
    case Area::kImap:
      return 31min;
    default:
      return NeedOf(area).least;
  }
}

TimeoutNeed NeedOf(Area area) {
  switch (area) {
    case Area::kImap:
      return {30min, "clients that wait for mail (IDLE) are cut off (RFC 9051 asks for 30m)"};
    case Area::kPop3:
      return {10min, "slow clients are cut off (RFC 1939 asks for 10m)"};
    case Area::kSmtp:
      return {5min, "slow senders are cut off and send again (RFC 5321 asks for 5m)"};
    case Area::kRpc:
      return {40min, "Outlook, which is silent for long, disconnects"};
    case Area::kHttp:
      break;
  }
  return {65min, ""};
}

}  // namespace aloha::supervisor
