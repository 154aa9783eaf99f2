// Compilation of TLS: listeners where it ends, with their certificates, and settings of servers
// where it begins.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;

constexpr char kHttpAlpn[] = "http/1.1";
constexpr uint32_t kHandshakeTimeoutMs = 10'000;
constexpr uint32_t kMaxHandshakes = 4096;
constexpr uint32_t kMaxHandshakesPerClient = 128;
// Above what any machine that this runs on signs, and yet a bound for whoever captured aloha-tls.
constexpr uint32_t kMaxSignaturesPerSecond = 20'000;

worker_v1::ServerVerify VerifyOf(const config::v1::ServerTls& settings) {
  switch (settings.verify()) {
    case config::v1::ServerTls::PIN:
      return worker_v1::SERVER_VERIFY_PIN;
    case config::v1::ServerTls::NONE:
      return worker_v1::SERVER_VERIFY_NONE;
    default:
      return worker_v1::SERVER_VERIFY_CA;
  }
}

std::string BytesOfHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string QuotedList(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  }
  return list;
}

}  // namespace

worker_v1::TlsProfile TlsProfileOf(config::v1::ListenerTls::Profile profile) {
  switch (profile) {
    case config::v1::ListenerTls::MODERN:
      return worker_v1::TLS_PROFILE_MODERN;
    case config::v1::ListenerTls::LEGACY:
      return worker_v1::TLS_PROFILE_LEGACY;
    default:
      return worker_v1::TLS_PROFILE_INTERMEDIATE;
  }
}

std::optional<worker_v1::TlsCertificate> Compilation::FindCertificate(
    const std::string& name) const {
  const auto& stored = input_.certificates.certificate();
  const auto found = std::find_if(stored.begin(), stored.end(), [&](const auto& certificate) {
    return certificate.name() == name;
  });
  if (found == stored.end()) return std::nullopt;
  worker_v1::TlsCertificate certificate;
  certificate.set_name(name);
  *certificate.mutable_chain() = found->chain();
  certificate.set_key(found->key());
  certificate.set_ocsp_response(found->ocsp_response());
  return certificate;
}

std::vector<std::string> Compilation::FindTrustAnchor(const std::string& name) const {
  std::vector<std::string> certificates;
  for (const auto& anchor : input_.certificates.trust_anchor()) {
    if (anchor.name() != name) continue;
    for (const auto& certificate : anchor.certificate()) certificates.push_back(certificate.der());
  }
  return certificates;
}

// False: it is not at hand.
bool Compilation::UseCertificate(const std::string& name) {
  if (certificates_.contains(name)) return true;
  const auto found = FindCertificate(name);
  if (!found) return false;
  certificates_.insert(name);
  *out.tls.add_certificates() = *found;
  const auto& keys = out.keys.keys();
  if (std::find(keys.begin(), keys.end(), found->key()) == keys.end()) {
    out.keys.add_keys(found->key());
  }
  return true;
}

void Compilation::AddTlsListener(worker_v1::VirtualService* service,
                                 const worker_v1::Listener& listener, const TlsEnd& tls) {
  worker_v1::TlsListener to;
  for (const std::string& name : tls.certificates) {
    if (UseCertificate(name)) to.add_certificates(name);
  }
  if (to.certificates().empty()) {
    out.waiting.push_back(fmt::format("{} on {} waits for its certificate, {}", service->name(),
                                      FormatEndpoint(listener.address(), listener.port()),
                                      QuotedList(tls.certificates)));
    return;
  }
  *service->add_listeners() = listener;
  *to.mutable_listener() = listener;
  to.set_profile(tls.profile);
  if (service->has_http()) to.add_alpn(kHttpAlpn);
  *to.mutable_allow_from() = tls.allow_from;
  *out.tls.add_listeners() = std::move(to);
}

std::string Compilation::UseTlsServer(const std::string& owner, const std::string& name,
                                      const config::v1::ServerTls& settings, bool http) {
  const auto [known, fresh] =
      tls_servers_.emplace(owner + std::string(1, '\0') + settings.SerializeAsString(), name);
  if (!fresh) return known->second;
  worker_v1::TlsServer* to = out.tls.add_servers();
  to->set_name(name);
  to->set_verify(VerifyOf(settings));
  to->set_server_name(settings.server_name());
  if (http) to->add_alpn(kHttpAlpn);
  if (to->verify() == worker_v1::SERVER_VERIFY_PIN) {
    to->set_pin_sha256(BytesOfHex(settings.pin_sha256()));
  }
  if (to->verify() != worker_v1::SERVER_VERIFY_CA) return name;
  if (settings.ca().empty()) {
    for (const std::string& anchor : input_.system_anchors) to->add_trust_anchors(anchor);
    return name;
  }
  for (std::string& der : FindTrustAnchor(settings.ca())) to->add_trust_anchors(std::move(der));
  return name;
}

void Compilation::FinishTls() {
  for (const auto& file : config.certificate_file()) {
    worker_v1::CertificateFile* to = out.keys.add_certificate_files();
    to->set_name(file.name());
    to->set_path(file.path());
  }
  out.keys.set_max_signatures_per_second(kMaxSignaturesPerSecond);
  out.tls.set_threads(out.proxy.threads());
  out.tls.set_handshake_timeout_ms(kHandshakeTimeoutMs);
  out.tls.set_max_handshakes(kMaxHandshakes);
  out.tls.set_max_handshakes_per_client(kMaxHandshakesPerClient);
}

}  // namespace aloha::supervisor
