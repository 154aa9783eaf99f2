#include "supervisor/config/plan_tls.h"

#include <fmt/format.h>

#include <map>

#include "supervisor/config/address.h"
#include "supervisor/config/print.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using worker_v1::TlsListener;

struct PlacedTls {
  std::string service;
  const TlsListener* listener = nullptr;
};

// By address and port.
std::map<std::string, PlacedTls> TlsListenersOf(const Compiled& compiled) {
  std::map<std::string, PlacedTls> map;
  for (const TlsListener& listener : compiled.tls.listeners()) {
    map[FormatEndpoint(listener.listener().address(), listener.listener().port())].listener =
        &listener;
  }
  for (const auto& service : compiled.proxy.services()) {
    for (const auto& listener : service.listeners()) {
      const auto found = map.find(FormatEndpoint(listener.address(), listener.port()));
      if (found != map.end()) found->second.service = service.name();
    }
  }
  return map;
}

const char* ProfileText(worker_v1::TlsProfile profile) {
  switch (profile) {
    case worker_v1::TLS_PROFILE_MODERN:
      return "MODERN";
    case worker_v1::TLS_PROFILE_LEGACY:
      return "LEGACY";
    default:
      return "INTERMEDIATE";
  }
}

std::string CertificatesText(const TlsListener& listener) {
  std::string text;
  for (const std::string& name : listener.certificates()) {
    text += (text.empty() ? "" : " and ") + name;
  }
  return text;
}

template <typename Repeated>
auto ByName(const Repeated& messages) {
  std::map<std::string, std::string> map;
  for (const auto& message : messages) map[message.name()] = PrintText(message);
  return map;
}

// Names of those that are in both, with other contents.
template <typename Repeated>
std::vector<std::string> Differing(const Repeated& running, const Repeated& next) {
  std::vector<std::string> names;
  const auto before = ByName(running);
  for (const auto& [name, text] : ByName(next)) {
    const auto old = before.find(name);
    if (old != before.end() && old->second != text) names.push_back(name);
  }
  return names;
}

// Of a web interface that stays where it is.
void WebChanges(const worker_v1::WebListener& running, const worker_v1::WebListener& next,
                std::vector<TlsChange>& changes) {
  const worker_v1::TlsCertificate &old = running.certificate(), &now = next.certificate();
  if (!running.has_listener() || !next.has_listener() || PrintText(old) == PrintText(now)) return;
  changes.push_back({"management.web",
                     old.name() != now.name()
                         ? fmt::format("certificate changes from {} to {}", old.name(), now.name())
                         : fmt::format("certificate {} is replaced", now.name())});
}

}  // namespace

std::vector<TlsChange> TlsChanges(const Compiled& running, const Compiled& next) {
  std::vector<TlsChange> changes;
  const auto before = TlsListenersOf(running);
  for (const auto& [endpoint, placed] : TlsListenersOf(next)) {
    const auto old = before.find(endpoint);
    if (old == before.end()) continue;
    const auto changed = [&](const char* what, const std::string& from, const std::string& to) {
      if (from == to) return;
      changes.push_back({placed.service, fmt::format("listener {}: {} changes from {} to {}",
                                                     endpoint, what, from, to)});
    };
    changed("certificate", CertificatesText(*old->second.listener),
            CertificatesText(*placed.listener));
    changed("TLS profile", ProfileText(old->second.listener->profile()),
            ProfileText(placed.listener->profile()));
  }
  WebChanges(running.wui.web(), next.wui.web(), changes);
  for (const std::string& name : Differing(running.tls.certificates(), next.tls.certificates())) {
    changes.push_back({"", fmt::format("certificate {} is replaced; sessions live on", name)});
  }
  for (const std::string& name : Differing(running.tls.servers(), next.tls.servers())) {
    changes.push_back(
        {"", fmt::format("TLS towards servers: the settings {} change for new sessions", name)});
  }
  return changes;
}

std::string TlsStartText(const worker_v1::Listener& listener) {
  if (listener.tls()) return "from the first byte";
  if (listener.starttls() == worker_v1::MAIL_PROTOCOL_UNSPECIFIED) return "off";
  return listener.starttls_required() ? "after STARTTLS, which is required" : "after STARTTLS";
}

std::string ServerTlsText(const worker_v1::Server& server) {
  if (server.tls().empty()) return "off";
  const bool starttls = server.starttls() != worker_v1::MAIL_PROTOCOL_UNSPECIFIED;
  return fmt::format("{}with the settings {}", starttls ? "after STARTTLS, " : "", server.tls());
}

}  // namespace aloha::supervisor
