#include "workers/tls/running_config.h"

#include <set>
#include <utility>

#include "workers/net/socket.h"
#include "workers/tls/server_side.h"

namespace aloha::tls {
namespace {

constexpr uint32_t kMaxThreads = 64;
constexpr uint32_t kMinTimeoutMs = 100, kMaxTimeoutMs = 300'000;
constexpr size_t kMaxProtocolName = 255;

auto Invalid(const std::string& field, std::string message) {
  return Fail(Code::kInvalidArgument, field + ": " + message, field);
}

using Known = std::span<const std::shared_ptr<const RunningConfig>>;

class Builder {
 public:
  Builder(Known known, uint32_t threads, const TakeListener& take_listener)
      : known_(known), take_listener_(take_listener), config_(new RunningConfig) {
    config_->threads = threads;
  }

  Result<std::shared_ptr<const RunningConfig>> Build(const worker::v1::TlsSnapshot& snapshot) {
    if (auto set = SetBounds(snapshot); !set) return tl::make_unexpected(set.error());
    for (const auto& certificate : snapshot.certificates()) {
      const std::string field = "certificates[" + certificate.name() + "]";
      auto read = ReadCertificate(certificate, field);
      if (!read) return tl::make_unexpected(read.error());
      if (!certificates_.emplace(certificate.name(), *read).second) {
        return Invalid(field, "stands there twice");
      }
    }
    auto keys = TicketKeys::Create(snapshot.ticket_keys());
    if (!keys) return tl::make_unexpected(keys.error());
    ticket_keys_ = *keys;
    if (snapshot.ticket_keys().empty() && !snapshot.listeners().empty()) {
      return Invalid("ticket_keys", "there is none");
    }
    for (const auto& listener : snapshot.listeners()) {
      if (auto added = AddListener(listener); !added) return tl::make_unexpected(added.error());
    }
    for (const auto& server : snapshot.servers()) {
      if (auto added = AddServer(server); !added) return tl::make_unexpected(added.error());
    }
    return std::shared_ptr<const RunningConfig>(std::move(config_));
  }

 private:
  Result<> SetBounds(const worker::v1::TlsSnapshot& snapshot) {
    if (snapshot.threads() == 0 || snapshot.threads() > kMaxThreads) {
      return Invalid("threads", "is not 1 to 64");
    }
    const uint32_t timeout = snapshot.handshake_timeout_ms();
    if (timeout < kMinTimeoutMs || timeout > kMaxTimeoutMs) {
      return Invalid("handshake_timeout_ms", "is not 100 to 300,000");
    }
    if (snapshot.max_handshakes() == 0) return Invalid("max_handshakes", "is 0");
    if (snapshot.max_handshakes_per_client() == 0) {
      return Invalid("max_handshakes_per_client", "is 0");
    }
    config_->handshake_timeout_ms = timeout;
    config_->max_handshakes = snapshot.max_handshakes();
    config_->max_handshakes_per_client = snapshot.max_handshakes_per_client();
    return {};
  }

  Result<> AddListener(const worker::v1::TlsListener& message) {
    const auto& listener = message.listener();
    const std::string field =
        "listeners[" + listener.address() + ":" + std::to_string(listener.port()) + "]";
    auto address = net::Address::Parse(listener.address(), listener.port());
    if (!address) return Invalid(field, address.error().message);
    if (!addresses_.insert(*address).second) return Invalid(field, "stands there twice");
    auto settings = std::make_shared<ListenerSettings>();
    settings->address = *address;
    settings->accept_proxy = listener.accept_proxy();
    settings->ticket_keys = ticket_keys_;
    if (auto set = SetProfile(message, field, *settings); !set) return set;
    for (const std::string& network : message.allow_from()) {
      if (auto added = settings->allow_from.Add(network); !added) {
        return Invalid(field + ".allow_from", added.error().message);
      }
    }
    auto context = MakeServerContext(*settings);
    if (!context) return tl::make_unexpected(context.error());
    settings->context = std::move(*context);
    settings->stats = FindStats(*address);
    if (listener.tls()) {
      if (auto set = SetSocket(listener, field, *settings); !set) return set;
    }
    config_->listeners.push_back(std::move(settings));
    return {};
  }

  Result<> SetProfile(const worker::v1::TlsListener& message, const std::string& field,
                      ListenerSettings& settings) const {
    settings.profile = message.profile();
    if (message.profile() == worker::v1::TLS_PROFILE_UNSPECIFIED ||
        !worker::v1::TlsProfile_IsValid(message.profile())) {
      return Invalid(field + ".profile", "is none");
    }
    if (message.certificates().empty()) return Invalid(field + ".certificates", "there is none");
    for (const std::string& name : message.certificates()) {
      const auto found = certificates_.find(name);
      if (found == certificates_.end()) {
        return Invalid(field + ".certificates", "no certificate is named " + name);
      }
      settings.certificates.push_back(found->second);
    }
    for (const std::string& protocol : message.alpn()) {
      if (protocol.empty() || protocol.size() > kMaxProtocolName) {
        return Invalid(field + ".alpn", "a name is not of 1 to 255 bytes");
      }
      settings.alpn.push_back(protocol);
    }
    return {};
  }

  Result<> SetSocket(const worker::v1::Listener& listener, const std::string& field,
                     ListenerSettings& settings) const {
    settings.socket = FindSocket(settings.address);
    if (settings.socket) return {};
    UniqueFd fd = take_listener_(listener.address(), listener.port());
    if (!fd) return Invalid(field, "its socket did not arrive");
    if (auto verified = net::VerifyListener(fd.get(), settings.address); !verified) {
      return Invalid(field, verified.error().message);
    }
    // Accepted sockets inherit it, which saves a call for each.
    net::SendAtOnce(fd.get());
    net::DelayAcknowledgement(fd.get());
    settings.socket.reset(new net::ListeningSocket{settings.address, std::move(fd)});
    return {};
  }

  Result<> AddServer(const worker::v1::TlsServer& message) {
    const std::string field = "servers[" + message.name() + "]";
    if (message.name().empty()) return Invalid("servers", "one has no name");
    if (!server_names_.insert(message.name()).second) return Invalid(field, "stands there twice");
    auto settings = std::make_shared<ServerSettings>();
    settings->name = message.name();
    settings->identity = message.SerializeAsString();
    if (!message.certificate().empty()) {
      const auto found = certificates_.find(message.certificate());
      if (found == certificates_.end()) {
        return Invalid(field + ".certificate", "no certificate is named " + message.certificate());
      }
      settings->certificate = found->second;
      settings->identity += found->second->key;
    }
    if (auto made = MakeClientContext(message, field, *settings); !made) return made;
    settings->sessions = std::make_shared<ServerSessions>();
    settings->stats = std::make_shared<HandshakeStats>(config_->threads);
    for (const auto& config : known_) {
      for (const auto& known : config->servers) {
        if (known->name != settings->name) continue;
        settings->stats = known->stats;
        if (known->identity == settings->identity) settings->sessions = known->sessions;
      }
    }
    config_->servers.push_back(std::move(settings));
    return {};
  }

  template <typename Use>
  void ForEachKnown(const net::Address& address, Use use) const {
    for (const auto& config : known_) {
      for (const auto& settings : config->listeners) {
        if (settings->address == address) use(*settings);
      }
    }
  }

  std::shared_ptr<const net::ListeningSocket> FindSocket(const net::Address& address) const {
    std::shared_ptr<const net::ListeningSocket> socket;
    ForEachKnown(address, [&](const ListenerSettings& known) {
      if (known.socket) socket = known.socket;
    });
    return socket;
  }

  std::shared_ptr<HandshakeStats> FindStats(const net::Address& address) const {
    std::shared_ptr<HandshakeStats> stats;
    ForEachKnown(address, [&](const ListenerSettings& known) { stats = known.stats; });
    return stats ? stats : std::make_shared<HandshakeStats>(config_->threads);
  }

  const Known known_;
  const TakeListener& take_listener_;
  std::shared_ptr<RunningConfig> config_;
  std::shared_ptr<const TicketKeys> ticket_keys_;
  std::map<std::string, std::shared_ptr<const Certificate>> certificates_;
  std::set<net::Address> addresses_;
  std::set<std::string> server_names_;
};

}  // namespace

Result<std::shared_ptr<const RunningConfig>> BuildConfig(
    const worker::v1::TlsSnapshot& snapshot,
    std::span<const std::shared_ptr<const RunningConfig>> known, uint32_t threads,
    const TakeListener& take_listener) {
  return Builder(known, threads, take_listener).Build(snapshot);
}

}  // namespace aloha::tls
