// The ports of the Exchange areas: what each mode listens on, and where TLS begins and ends.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/exchange.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::Http;
using config::v1::Mail;
using config::v1::ServerTls;
using config::v1::SmtpArea;
using config::v1::SmtpServerTls;

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

bool IsBridge(Mail::Mode mode) {
  return mode == Mail::SSL_BRIDGE || mode == Mail::CLEAR_AND_SSL_BRIDGE;
}

bool BeginsWithStarttls(const SmtpArea& smtp, uint32_t ssl_port) {
  if (smtp.has_ssl_port_mode()) return smtp.ssl_port_mode() == SmtpArea::STARTTLS;
  return ssl_port == 587;
}

// How TLS begins towards the servers of a mail area, where it ends here.
TlsStart MailServerTls(const Config& config, Area area) {
  const bool bridge = IsBridge(ModeOf(config, area));
  if (area != Area::kSmtp) return bridge ? TlsStart::kFirstByte : TlsStart::kNever;
  switch (config.smtp().server_tls().mode()) {
    case SmtpServerTls::NONE:
      return TlsStart::kNever;
    case SmtpServerTls::STARTTLS:
      return TlsStart::kStarttls;
    case SmtpServerTls::IMPLICIT:
      return TlsStart::kFirstByte;
    default:
      return bridge ? TlsStart::kStarttls : TlsStart::kNever;
  }
}

Mail::Starttls StarttlsOf(const Config& config, Area area) {
  if (area == Area::kImap) return config.imap().starttls();
  return area == Area::kPop3 ? config.pop3().starttls() : config.smtp().starttls();
}

AreaPort ClearPort(const Config& config, Area area, const MailPorts& ports) {
  const std::string name = AreaName(area);
  AreaPort port{name, name + ".virtual_port", ports.clear, ports.server_clear};
  const Mail::Starttls starttls = StarttlsOf(config, area);
  if (starttls != Mail::OFFERED && starttls != Mail::REQUIRED) return port;
  port.use = PortUse::kTlsEnds;
  port.client_tls = TlsStart::kStarttls;
  port.client_tls_required = starttls == Mail::REQUIRED;
  port.server_tls = MailServerTls(config, area);
  // A server's clear port knows no TLS that begins with the first byte.
  if (IsBridge(ports.mode) && port.server_tls == TlsStart::kFirstByte) {
    port.server_port = ports.server_ssl;
  }
  return port;
}

// The port that the mode is about.
AreaPort SslPort(const Config& config, Area area, const MailPorts& ports) {
  const std::string name = AreaName(area);
  const bool starttls = area == Area::kSmtp && BeginsWithStarttls(config.smtp(), ports.ssl);
  AreaPort port{name + "s", name + ".virtual_ssl_port", ports.ssl,
                IsOffload(ports.mode) ? ports.server_clear : ports.server_ssl};
  if (IsForward(ports.mode)) {
    port.use = starttls ? PortUse::kBytes : PortUse::kTls;
    return port;
  }
  port.use = PortUse::kTlsEnds;
  port.client_tls = starttls ? TlsStart::kStarttls : TlsStart::kFirstByte;
  port.server_tls = MailServerTls(config, area);
  return port;
}

std::vector<AreaPort> MailPortList(const Config& config, Area area) {
  const MailPorts ports = MailPortsOf(config, area);
  std::vector<AreaPort> list;
  if (HasClearPort(ports.mode)) list.push_back(ClearPort(config, area, ports));
  if (ports.mode == Mail::CLEAR) return list;
  list.push_back(SslPort(config, area, ports));
  if (area != Area::kSmtp) return list;

  // Where TLS passes through, Exchange itself would have to listen on 465, which it does not by
  // default.
  const bool forward = IsForward(ports.mode);
  uint32_t implicit = forward || ports.ssl == 465 ? 0 : 465;
  if (config.smtp().has_implicit_tls_port()) implicit = config.smtp().implicit_tls_port();
  if (implicit == 0) return list;
  AreaPort port = list.back();
  port.service = fmt::format("smtps-{}", implicit);
  port.field = "smtp.implicit_tls_port";
  port.port = implicit;
  if (forward) {
    port.server_port = implicit;
    port.use = PortUse::kTls;
  } else {
    port.client_tls = TlsStart::kFirstByte;
  }
  list.push_back(port);
  return list;
}

std::vector<AreaPort> HttpPortList(const Http& http) {
  const bool forward = http.mode() == Http::SSL_FORWARD;
  const uint32_t cas_https = http.has_cas_https_port() ? http.cas_https_port() : 443;
  const uint32_t cas_http = http.has_cas_http_port() ? http.cas_http_port() : 80;
  const bool bridge = http.mode() == Http::SSL_BRIDGE;
  std::vector<AreaPort> list;
  list.push_back({"https", "http.virtual_https_port",
                  http.has_virtual_https_port() ? http.virtual_https_port() : 443,
                  http.mode() == Http::SSL_OFFLOAD ? cas_http : cas_https,
                  forward ? PortUse::kTls : PortUse::kTlsEnds,
                  forward ? TlsStart::kNever : TlsStart::kFirstByte, true,
                  bridge ? TlsStart::kFirstByte : TlsStart::kNever});
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

const google::protobuf::RepeatedPtrField<std::string>& NamedCertificates(const Config& config,
                                                                         Area area) {
  switch (area) {
    case Area::kImap:
      return config.imap().certificate();
    case Area::kPop3:
      return config.pop3().certificate();
    case Area::kSmtp:
      return config.smtp().certificate();
    default:
      return config.http().certificate();
  }
}

}  // namespace

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

bool EndsTls(const Config& config, Area area) {
  const std::vector<AreaPort> ports = PortsOf(config, area);
  return std::any_of(ports.begin(), ports.end(),
                     [](const AreaPort& port) { return port.use == PortUse::kTlsEnds; });
}

bool BeginsTls(const Config& config, Area area) {
  const std::vector<AreaPort> ports = PortsOf(config, area);
  return std::any_of(ports.begin(), ports.end(),
                     [](const AreaPort& port) { return port.server_tls != TlsStart::kNever; });
}

std::vector<std::string> CertificatesOf(const Config& config, Area area) {
  const auto& named = NamedCertificates(config, area);
  if (named.empty()) return {kSelfSigned};
  return {named.begin(), named.end()};
}

ServerTls ServerTlsOf(const Config& config, Area area) {
  if (area == Area::kImap) return config.imap().server_tls();
  if (area == Area::kPop3) return config.pop3().server_tls();
  if (area == Area::kHttp) {
    ServerTls tls = config.http().server_tls();
    if (tls.server_name().empty()) tls.set_server_name(config.http().host_name());
    return tls;
  }
  const SmtpServerTls& smtp = config.smtp().server_tls();
  ServerTls tls;
  if (smtp.has_verify()) tls.set_verify(smtp.verify());
  tls.set_ca(smtp.ca());
  tls.set_pin_sha256(smtp.pin_sha256());
  tls.set_server_name(smtp.server_name());
  return tls;
}

bool UsesSelfSigned(const Config& config, Area area) {
  return Runs(config, area) && EndsTls(config, area) && NamedCertificates(config, area).empty();
}

}  // namespace aloha::supervisor
