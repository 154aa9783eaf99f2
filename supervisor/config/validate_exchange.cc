// Validation of the Exchange areas: what is wrong in them.
#include <fmt/format.h>

#include <map>
#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/http_names.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HttpDirectory;
using config::v1::Mail;
using namespace std::chrono_literals;

void CheckServers(const std::string& field, const ExchangeServers& servers, Checker& check) {
  std::set<std::string> names;
  std::map<Address, int> addresses;
  for (int i = 0; i < servers.size(); ++i) {
    const auto& server = servers.Get(i);
    const std::string path = IndexPath(field, i);
    if (check.RequireName(path + ".name", server.has_name(), server.name()) &&
        !names.insert(server.name()).second) {
      check.Error(path + ".name",
                  fmt::format("{} is the name of two servers; rename one", Quote(server.name())));
    }
    if (!server.has_address()) {
      check.Missing(path + ".address", "the server's address, as in \"10.0.0.15\"");
    } else if (const auto address = check.HostAddress(path + ".address", server.address())) {
      const auto [first, fresh] = addresses.emplace(*address, i);
      if (!fresh) {
        check.Error(path + ".address",
                    fmt::format("{} is the address of {} too; every server has its own",
                                Quote(server.address()), IndexPath(field, first->second)));
      }
    }
    if (server.has_weight()) check.Number(path + ".weight", server.weight(), 0, 256);
    if (server.has_max_connections()) {
      check.Number(path + ".max_connections", server.max_connections(), 0, 1'000'000);
    }
    if (server.has_slow_start()) {
      check.Duration(path + ".slow_start", server.slow_start(), 0ms, 1h);
    }
  }
}

void CheckDirectories(const Config& config, Checker& check) {
  const auto& http = config.http();
  std::set<int> seen;
  for (int i = 0; i < http.directory_size(); ++i) {
    const HttpDirectory& directory = http.directory(i);
    const std::string path = IndexPath("http.directory", i);
    if (!directory.has_name()) {
      check.Missing(path + ".name", "use " + AllowedValues(*HttpDirectory::Name_descriptor()));
    } else if (!seen.insert(directory.name()).second) {
      check.Error(path + ".name", fmt::format("{} is listed twice; keep one",
                                              HttpDirectory::Name_Name(directory.name())));
    }
    check.IdleTimeout(path + ".timeout", directory.has_timeout(), directory.timeout());
    check.Networks(path + ".allow_from", directory.allow_from());
  }
  for (const Directory& directory : Directories()) {
    if (directory.name != ForwardCheck(http) || !HttpDirectory::Name_IsValid(directory.name)) {
      continue;
    }
    const std::string name = HttpDirectory::Name_Name(directory.name);
    if (!IsExchange2013OrLater(config) && directory.check_path_2010 == nullptr) {
      check.Error("http.forward_check",
                  fmt::format("Exchange 2010 has no {}; choose another directory", name));
    } else if (http.mode() == config::v1::Http::SSL_FORWARD && !IsSwitchedOn(config, directory)) {
      check.Error("http.forward_check",
                  fmt::format("{} is switched off by http.{}; choose a directory that is on", name,
                              directory.field));
    }
  }
}

// A directory's switch must hold for all of it.
void CheckExtraPaths(const config::v1::Http& http, Checker& check) {
  std::set<std::string> seen;
  for (int i = 0; i < http.extra_path_size(); ++i) {
    const std::string path = IndexPath("http.extra_path", i);
    const std::string& value = http.extra_path(i);
    const std::string prefix = RoutePrefix(value);
    check.PathPrefix(path, value);
    if (!seen.insert(prefix).second) {
      check.Error(path, fmt::format("{} is listed twice; keep one", Quote(value)));
    }
    for (const Directory& directory : Directories()) {
      if (!(prefix + "/").starts_with(RoutePrefix(directory.path) + "/")) continue;
      check.Error(path, fmt::format("{} belongs to the directory that http.{} switches; leave it "
                                    "out",
                                    Quote(value), directory.field));
    }
  }
}

void CheckServerProof(const Config& config, Area area, Checker& check) {
  if (!BeginsTls(config, area)) return;
  check.ServerProof(fmt::format("{}.server_tls", AreaName(area)), ServerTlsOf(config, area));
}

void CheckHttp(const Config& config, Checker& check) {
  if (!config.has_http()) return;
  const auto& http = config.http();
  if (!http.has_mode()) {
    check.Missing("http.mode", "use " + AllowedValues(*config::v1::Http::Mode_descriptor()));
  }
  if (!http.host_name().empty()) check.HostName("http.host_name", http.host_name());
  if (http.has_virtual_https_port()) {
    check.Port("http.virtual_https_port", http.virtual_https_port());
  }
  if (http.redirect_http_port() != 0) {
    check.Port("http.redirect_http_port", http.redirect_http_port());
  }
  if (http.has_cas_http_port()) check.Port("http.cas_http_port", http.cas_http_port());
  if (http.has_cas_https_port()) check.Port("http.cas_https_port", http.cas_https_port());
  check.IdleTimeout("http.timeout", http.has_timeout(), http.timeout());
  if (IsEnabled(config, Area::kHttp)) {
    check.Certificates("http.certificate", http.certificate());
    check.ServerTls("http.server_tls", http.server_tls());
    CheckServerProof(config, Area::kHttp, check);
  }
  CheckDirectories(config, check);
  CheckExtraPaths(http, check);
  if (http.has_request_id_header()) {
    ValidateFieldName("http.request_id_header", http.request_id_header(), true, check);
  }
}

// What IMAP, POP3 and SMTP have in common.
template <typename AreaMessage>
void CheckMail(const Config& config, Area which, const AreaMessage& area, Checker& check) {
  const std::string name = AreaName(which);
  if (!area.has_mode()) {
    check.Missing(name + ".mode", "use " + AllowedValues(*Mail::Mode_descriptor()));
  }
  if (area.has_virtual_port()) check.Port(name + ".virtual_port", area.virtual_port());
  if (area.has_virtual_ssl_port()) check.Port(name + ".virtual_ssl_port", area.virtual_ssl_port());
  if (area.has_server_port()) check.Port(name + ".server_port", area.server_port());
  if (area.has_server_ssl_port()) check.Port(name + ".server_ssl_port", area.server_ssl_port());
  check.IdleTimeout(name + ".timeout", area.has_timeout(), area.timeout());
  check.Networks(name + ".allow_from", area.allow_from());
  if (!IsEnabled(config, which)) return;
  check.Certificates(name + ".certificate", area.certificate());
  check.ServerTls(name + ".server_tls", area.server_tls());
  CheckServerProof(config, which, check);
  if (area.starttls() >= Mail::OFFERED && area.certificate().empty()) {
    check.Missing(name + ".certificate",
                  fmt::format("starttls: {} needs one", Mail::Starttls_Name(area.starttls())));
  }
}

void CheckSmtpServerTls(const config::v1::SmtpArea& smtp, Checker& check) {
  const bool bridge = smtp.mode() == Mail::SSL_BRIDGE || smtp.mode() == Mail::CLEAR_AND_SSL_BRIDGE;
  if (bridge && smtp.server_tls().mode() == config::v1::SmtpServerTls::NONE) {
    check.Error("smtp.server_tls.mode",
                fmt::format("NONE leaves the way to the servers in clear, which {} rules out; use "
                            "STARTTLS or IMPLICIT, or an offload mode",
                            Mail::Mode_Name(smtp.mode())));
  }
}

void CheckRpc(const Config& config, Checker& check) {
  if (!config.has_rpc()) return;
  const auto& rpc = config.rpc();
  check.IdleTimeout("rpc.timeout", rpc.has_timeout(), rpc.timeout());
  if (rpc.has_endpoint_mapper_port()) {
    check.Port("rpc.endpoint_mapper_port", rpc.endpoint_mapper_port());
  }
  if (rpc.has_client_access_port()) check.Port("rpc.client_access_port", rpc.client_access_port());
  if (rpc.has_address_book_port()) check.Port("rpc.address_book_port", rpc.address_book_port());
  std::map<uint32_t, std::string> fields;
  for (const AreaPort& port : PortsOf(config, Area::kRpc)) {
    const auto [first, fresh] = fields.emplace(port.port, port.field);
    if (!fresh) {
      check.Error(port.field, fmt::format("{} is {} too; the three RPC ports must differ",
                                          port.port, first->second));
    }
  }
}

}  // namespace

void ValidateExchange(const Config& config, Checker& check) {
  CheckServers("cas_server", config.cas_server(), check);
  CheckServers("hub_server", config.hub_server(), check);
  if (config.has_listen_address()) check.ListenAddress("listen_address", config.listen_address());
  CheckHttp(config, check);
  if (config.has_imap()) CheckMail(config, Area::kImap, config.imap(), check);
  if (config.has_pop3()) CheckMail(config, Area::kPop3, config.pop3(), check);
  if (config.has_smtp()) {
    CheckMail(config, Area::kSmtp, config.smtp(), check);
    CheckSmtpServerTls(config.smtp(), check);
    if (config.smtp().implicit_tls_port() != 0) {
      check.Port("smtp.implicit_tls_port", config.smtp().implicit_tls_port());
    }
  }
  CheckRpc(config, check);
}

}  // namespace aloha::supervisor
