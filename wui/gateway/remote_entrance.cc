#include "wui/gateway/remote_entrance.h"

#include <fmt/format.h>
#include <grpcpp/server_builder.h>

#include <algorithm>

#include "wui/gateway/call_server.h"
#include "wui/gateway/forwarder.h"
#include "wui/gateway/health_service.h"
#include "wui/gateway/reflection_service.h"

namespace aloha::gateway {
namespace {

using std::chrono::seconds;

constexpr seconds kHandshakeTimeout{5};
// Who is turned away reads one answer.
constexpr seconds kRefusedTime{5};
constexpr seconds kBetweenCrowds{10};
// A certificate may last for thousands of years.
constexpr seconds kLongestTime{std::chrono::hours(24 * 30)};
constexpr int kMessageBytes = 64 << 20;  // as alohactl and the supervisor have it
constexpr int kRefusedMessageBytes = 64 << 10;
constexpr int kMaxMetadataBytes = 4 << 20;  // findings of a configuration
constexpr int kCallsAtOnce = 32;
// A tool that is gone is noticed, and one that asks nothing leaves.
constexpr int kPingMs = 60'000, kPingTimeoutMs = 20'000, kIdleMs = 300'000, kLeastPingMs = 10'000;

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<seconds>(now).count();
}

void Keep(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsAtOnce);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
}

}  // namespace

// What it is does not change once it is served.
struct RemoteEntrance::Connection {
  std::string address;  // "10.0.0.18"
  std::string client;   // see ClientOf
  RemoteClient who;
  bool admitted = false;
  std::shared_ptr<TlsPump> pump;
  std::optional<Behalf> behalf;
  std::unique_ptr<Forwarder> forwarder;
  std::unique_ptr<HealthService> health;
  std::unique_ptr<ReflectionService> reflection;
  std::unique_ptr<grpc::Server> server;
};

RemoteEntrance::RemoteEntrance(asio::io_context& loop, Log& log,
                               const SupervisorChannel& supervisor, Refusals& refusals,
                               PumpedBytes& bytes)
    : loop_(loop),
      log_(log),
      supervisor_(supervisor),
      refusals_(refusals),
      bytes_(bytes),
      arrivals_(loop, [this](asio::ip::tcp::socket socket, const asio::ip::address& from) {
        OnArrived(std::move(socket), from);
      }) {}

RemoteEntrance::~RemoteEntrance() {
  while (!connections_.empty()) Remove(*connections_.begin());
}

bool RemoteEntrance::Allows(const std::string& address) const {
  if (admission_->allow_from.empty()) return true;
  const Result<net::Ip> ip = net::ParseIp(address);
  return ip && admission_->allow_from.Contains(*ip);
}

void RemoteEntrance::Admit(std::optional<RemoteAdmission> admission) {
  admission_ = std::move(admission);
  const auto connections = connections_;
  for (const ConnectionPtr& connection : connections) {
    const bool stays =
        admission_ && Allows(connection->address) &&
        (!connection->admitted ||
         admission_->trust.WhoIs(connection->pump->session(), NowSeconds()).refused.empty());
    if (!stays) Remove(connection);
  }
}

int RemoteEntrance::Count(bool admitted, const std::string* client) const {
  return static_cast<int>(
      std::count_if(connections_.begin(), connections_.end(), [&](const ConnectionPtr& connection) {
        return connection->admitted == admitted &&
               (client == nullptr || connection->client == *client);
      }));
}

void RemoteEntrance::OnArrived(asio::ip::tcp::socket socket, const asio::ip::address& from) {
  if (!admission_) return;
  auto connection = std::make_shared<Connection>();
  connection->address = from.to_string();
  connection->client = ClientOf(from);
  if (!Allows(connection->address))
    return Refuse(*connection, "network", "its address is not in management.grpc.allow_from");
  if (Count(false, nullptr) >= kMaxStrangers ||
      Count(false, &connection->client) >= kMaxStrangersOfClient)
    return Refuse(*connection, "too_many", "too many connections that nobody was let in by");
  connection->pump =
      std::make_shared<TlsPump>(loop_, std::move(socket), admission_->context, bytes_);
  connections_.insert(connection);
  connection->pump->Handshake(
      asio::ssl::stream_base::server, kHandshakeTimeout,
      [this, connection](const Result<>& shaken) { OnHandshake(connection, shaken); });
}

void RemoteEntrance::OnHandshake(const ConnectionPtr& connection, const Result<>& shaken) {
  if (!shaken) {
    // A scanner, or a client that does not trust this server: nobody yet.
    log_.Debug(fmt::format("remote administrator from {}: {}", connection->address,
                           shaken.error().message));
    return Remove(connection);
  }
  RemoteClient& who = connection->who;
  who = admission_->trust.WhoIs(connection->pump->session(), NowSeconds());
  if (who.refused.empty() &&
      (Count(true, nullptr) >= kMaxAdmitted || Count(true, &connection->client) >= kMaxOfClient)) {
    who.refused = "too_many";
    who.text = "too many connections of remote administrators; close some";
  }
  connection->admitted = who.refused.empty();
  if (!connection->admitted) {
    Refuse(*connection, who.refused, who.text);
    return Serve(connection, kRefusedTime);
  }
  log_.Info(fmt::format("{} connected from {}", who.subject, connection->address));
  // Nobody is let in for longer than what vouches for him says.
  Serve(connection,
        std::clamp(seconds(who.not_after_s - NowSeconds() + 1), seconds(1), kLongestTime));
}

void RemoteEntrance::Serve(const ConnectionPtr& connection, seconds lifetime) {
  grpc::ServerBuilder builder;
  Keep(builder);
  const Connection* raw = connection.get();  // it outlives its server
  if (connection->admitted) {
    connection->behalf.emplace(supervisor_, connection->who.subject, connection->address);
    connection->health = std::make_unique<HealthService>(loop_, *connection->behalf);
    connection->reflection = std::make_unique<ReflectionService>(*connection->behalf);
    builder.RegisterService(connection->health.get());
    builder.RegisterService(connection->reflection.get());
  }
  builder.SetMaxReceiveMessageSize(connection->admitted ? kMessageBytes : kRefusedMessageBytes);
  connection->forwarder = std::make_unique<Forwarder>(
      [raw](const CallHead& call, const std::function<void(RouteOrStatus)>& answer) {
        if (raw->admitted) return answer(raw->behalf->RouteOf(call));
        answer(tl::make_unexpected(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, raw->who.text)));
      });
  builder.RegisterCallbackGenericService(connection->forwarder.get());
  UniqueFd plain;
  Result<std::unique_ptr<grpc::Server>> server = StartCallServer(builder, plain);
  if (!server) {
    log_.Warning(
        fmt::format("{} cannot be served: {}", connection->address, server.error().message));
    return Remove(connection);
  }
  connection->server = *std::move(server);
  connection->pump->Carry(std::move(plain), lifetime, [this, weak = std::weak_ptr(connection)] {
    if (const ConnectionPtr ended = weak.lock()) Remove(ended);
  });
}

void RemoteEntrance::Refuse(const Connection& connection, const std::string& reason,
                            const std::string& text) {
  const auto now = Refusals::Clock::now();
  // A crowd is one thing to tell.
  if (reason == "too_many") {
    if (now < next_crowd_) return refusals_.Count();
    next_crowd_ = now + kBetweenCrowds;
  }
  worker::v1::Refusal refusal;
  refusal.set_reason(reason);
  refusal.set_address(connection.address);
  refusal.set_subject(connection.who.subject);
  refusal.set_text(text);
  if (!refusals_.Add(std::move(refusal), now)) return;
  log_.Warning(fmt::format("audit: remote administrator from {} refused ({}): {}",
                           connection.address, reason, text));
}

void RemoteEntrance::Remove(ConnectionPtr connection) {
  if (connections_.erase(connection) == 0) return;
  if (connection->pump) connection->pump->Close();
  if (connection->server) undertaker_.End(std::move(connection->server), connection);
}

}  // namespace aloha::gateway
