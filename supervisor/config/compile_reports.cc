// Where lines of the log and mail to administrators go.
#include "supervisor/config/compile_parts.h"

namespace aloha::supervisor {
namespace {

constexpr uint32_t kSyslogPort = 514, kSmtpPort = 25;

}  // namespace

void CompileReports(Compilation& compilation) {
  const config::v1::Config& config = compilation.config;
  if (config.log().has_syslog()) {
    const config::v1::Syslog& from = config.log().syslog();
    worker::v1::SyslogServer* to = compilation.out.health.mutable_syslog();
    to->set_address(CanonicalAddress(from.address()));
    to->set_port(from.has_port() ? from.port() : kSyslogPort);
  }
  if (config.has_alert()) {
    const config::v1::Alert& from = config.alert();
    worker::v1::MailServer* to = compilation.out.health.mutable_mail();
    to->set_address(CanonicalAddress(from.smtp_server()));
    to->set_port(from.has_port() ? from.port() : kSmtpPort);
    to->set_from(from.from());
    *to->mutable_to() = from.to();
  }
}

}  // namespace aloha::supervisor
