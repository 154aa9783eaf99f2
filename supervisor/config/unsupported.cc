// What the configuration can say and this version cannot do. Refused where it would have to run;
// only warned about where everything else works without it. Each new ability deletes lines here,
// and nowhere else.
#include <fmt/format.h>

#include "supervisor/config/checks.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/path.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HighAvailability;
using config::v1::Http;
using config::v1::Mail;
using config::v1::VirtualService;

constexpr char kNoTls[] = "needs TLS termination, which this version does not have yet";
constexpr char kNoEffect[] = "has no effect: this version does not act on it yet";

void RefuseHttp(const Config& config, Checker& check) {
  if (!Runs(config, Area::kHttp)) return;
  const Http& http = config.http();
  if (http.mode() != Http::SSL_FORWARD) {
    check.Error("http.mode", fmt::format("{} {}; use SSL_FORWARD or DISABLED",
                                         Http::Mode_Name(http.mode()), kNoTls));
  }
}

template <typename AreaMessage>
void RefuseMail(const Config& config, Area area, const AreaMessage& message, Checker& check) {
  if (!Runs(config, area)) return;
  const std::string name = AreaName(area);
  switch (message.mode()) {
    case Mail::SSL_OFFLOAD:
    case Mail::SSL_BRIDGE:
    case Mail::CLEAR_AND_SSL_OFFLOAD:
    case Mail::CLEAR_AND_SSL_BRIDGE:
      check.Error(name + ".mode",
                  fmt::format("{} {}; use CLEAR, SSL_FORWARD, CLEAR_AND_SSL_FORWARD or DISABLED",
                              Mail::Mode_Name(message.mode()), kNoTls));
      break;
    default:
      break;
  }
  if (message.starttls() == Mail::OFFERED || message.starttls() == Mail::REQUIRED) {
    check.Error(name + ".starttls", fmt::format("{} {}; use OFF, which lets a server's own "
                                                "STARTTLS through",
                                                Mail::Starttls_Name(message.starttls()), kNoTls));
  }
}

void RefuseServerTls(const std::string& path,
                     const google::protobuf::RepeatedPtrField<config::v1::Server>& servers,
                     Checker& check) {
  for (int i = 0; i < servers.size(); ++i) {
    if (!servers.Get(i).has_tls()) continue;
    check.Error(IndexPath(path + ".server", i) + ".tls",
                "needs TLS towards servers, which this version does not have yet");
  }
}

void RefuseService(const std::string& path, const VirtualService& service, Checker& check) {
  for (int i = 0; i < service.listener_size(); ++i) {
    const std::string at = IndexPath(path + ".listener", i);
    if (service.listener(i).has_tls()) check.Error(at + ".tls", kNoTls);
    if (service.listener(i).has_starttls()) check.Error(at + ".starttls", kNoTls);
  }
  RefuseServerTls(path, service.server(), check);
  for (int i = 0; i < service.pool_size(); ++i) {
    RefuseServerTls(IndexPath(path + ".pool", i), service.pool(i).server(), check);
  }
}

void WarnOfNoEffect(const Config& config, Checker& check) {
  const auto warn = [&](bool asked, const char* path) {
    if (asked) check.Warn(path, kNoEffect);
  };
  const auto role = config.high_availability().role();
  warn(config.management().web().enabled(), "management.web.enabled");
  warn(config.management().grpc().enabled(), "management.grpc.enabled");
  warn(config.network().managed(), "network.managed");
  warn(role == HighAvailability::MASTER || role == HighAvailability::BACKUP,
       "high_availability.role");
  warn(!config.certificate_file().empty(), "certificate_file[0]");
  warn(config.log().has_syslog(), "log.syslog");
  warn(config.has_alert(), "alert");
}

}  // namespace

void RefuseUnsupported(const Config& config, Checker& check) {
  RefuseHttp(config, check);
  RefuseMail(config, Area::kImap, config.imap(), check);
  RefuseMail(config, Area::kPop3, config.pop3(), check);
  RefuseMail(config, Area::kSmtp, config.smtp(), check);
  for (int i = 0; i < config.virtual_service_size(); ++i) {
    RefuseService(IndexPath("virtual_service", i), config.virtual_service(i), check);
  }
  WarnOfNoEffect(config, check);
}

}  // namespace aloha::supervisor
