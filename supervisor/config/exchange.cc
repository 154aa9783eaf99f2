#include "supervisor/config/exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/high_availability.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::Http;
using config::v1::HttpDirectory;
using config::v1::Mail;
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
  if (!SharesAddresses(config)) return addresses;
  for (const std::string& text : config.high_availability().virtual_address()) {
    const auto network = ParseNetwork(text);
    // A link-local one means nothing without its interface; routers use it, clients do not.
    if (!network || network->address.IsLinkLocal()) continue;
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
