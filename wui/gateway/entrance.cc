#include "wui/gateway/entrance.h"

#include <fmt/format.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <utility>

#include "wui/gateway/call_server.h"

namespace aloha::gateway {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kHandshakeTimeout{5};
// A node that joins asks one question; who is turned away reads one answer.
constexpr seconds kJoiningTime{30};
constexpr seconds kRefusedTime{5};
constexpr seconds kBetweenLines{10};
constexpr int kPeerMessageBytes = 16 << 20;
constexpr int kOtherMessageBytes = 64 << 10;
constexpr std::string_view kPeerMethods = "/aloha.peer.v1.Peer/";
constexpr std::string_view kJoin = "/aloha.peer.v1.Peer/Join";

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<seconds>(now).count();
}

}  // namespace

// Its kind does not change once it is served.
struct Entrance::Connection {
  enum class Kind { kUnknown, kPeer, kJoining, kRefused };

  Kind kind = Kind::kUnknown;
  std::string address;    // "10.0.0.18"
  std::string client;     // see ClientOf
  bool expected = false;  // comes from the paired node's address
  std::string refusal;    // for people
  std::string node_key;   // in hexadecimal digits
  std::shared_ptr<TlsPump> pump;
  std::unique_ptr<Forwarder> forwarder;
  std::unique_ptr<grpc::Server> server;
};

Entrance::Entrance(asio::io_context& loop, Log& log, const TlsIdentity& identity,
                   const SupervisorChannel& supervisor, PumpedBytes& bytes)
    : loop_(loop),
      log_(log),
      identity_(identity),
      supervisor_(supervisor),
      bytes_(bytes),
      arrivals_(loop, [this](asio::ip::tcp::socket socket, const asio::ip::address& from) {
        OnArrived(std::move(socket), from);
      }) {}

Entrance::~Entrance() {
  while (!connections_.empty()) Remove(*connections_.begin());
}

void Entrance::Admit(Admission admission) {
  const bool same_peer = admission.peer == admission_.peer;
  admission_ = std::move(admission);
  const auto connections = connections_;
  for (const ConnectionPtr& connection : connections) {
    // One that joins still waits for its answer, and may do nothing else.
    if (connection->kind == Connection::Kind::kPeer && !same_peer) Remove(connection);
  }
}

int Entrance::CountUnknown(const std::string* client) const {
  return static_cast<int>(std::count_if(
      connections_.begin(), connections_.end(), [client](const ConnectionPtr& connection) {
        return connection->kind != Connection::Kind::kPeer && !connection->expected &&
               (client == nullptr || connection->client == *client);
      }));
}

int Entrance::CountExpected() const {
  return static_cast<int>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const ConnectionPtr& connection) { return connection->expected; }));
}

void Entrance::OnArrived(asio::ip::tcp::socket socket, const asio::ip::address& from) {
  auto connection = std::make_shared<Connection>();
  connection->address = from.to_string();
  connection->client = ClientOf(from);
  if (!identity_.context() || (!admission_.peer && !admission_.joining))
    return Refuse(*connection, "not_paired", "this node awaits nobody");
  // Nobody elsewhere can use up what the paired node needs.
  connection->expected = connection->address == admission_.peer_address;
  const bool too_many = connection->expected
                            ? CountExpected() >= kMaxOfPeer
                            : CountUnknown(nullptr) >= kMaxUnknown ||
                                  CountUnknown(&connection->client) >= kMaxPerClient;
  if (too_many) return Refuse(*connection, "too_many", "too many connections");
  connection->pump =
      std::make_shared<TlsPump>(loop_, std::move(socket), identity_.context(), bytes_);
  connections_.insert(connection);
  connection->pump->Handshake(
      asio::ssl::stream_base::server, kHandshakeTimeout,
      [this, connection](const Result<>& shaken) { OnHandshake(connection, shaken); });
}

void Entrance::OnHandshake(const ConnectionPtr& connection, const Result<>& shaken) {
  using Kind = Connection::Kind;
  if (!shaken) {
    const bool late = shaken.error().code == Code::kDeadlineExceeded;
    Refuse(*connection, late ? "timeout" : "handshake", shaken.error().message);
    return Remove(connection);
  }
  const OtherSide other = WhoIs(connection->pump->session(), NowSeconds());
  connection->node_key = node::Hex(other.node_key);
  if (!other.refused.empty()) {
    connection->kind = Kind::kRefused;
    connection->refusal = other.text;
    Refuse(*connection, other.refused, other.text);
  } else if (admission_.peer == other.node_key) {
    const auto peers = std::count_if(connections_.begin(), connections_.end(),
                                     [](const auto& one) { return one->kind == Kind::kPeer; });
    if (peers >= kMaxOfPeer) {
      Refuse(*connection, "too_many", "too many connections of the paired node");
      return Remove(connection);
    }
    connection->kind = Kind::kPeer;
    ++stats_.accepted;
    log_.Info(fmt::format("the paired node connected from {}", connection->address));
  } else if (admission_.joining) {
    connection->kind = Kind::kJoining;
    ++stats_.joining;
    log_.Info(fmt::format("a node that may join connected from {} (key {})", connection->address,
                          node::Fingerprint(other.node_key)));
  } else {
    connection->kind = Kind::kRefused;
    connection->refusal =
        "this node is not paired with yours; alohactl vrrp pair on both pairs them anew";
    Refuse(*connection, "stranger", "its key is " + node::Fingerprint(other.node_key));
  }
  // Nobody is the paired node for longer than its certificate says.
  Serve(connection, connection->kind == Kind::kPeer ? seconds(other.not_after_s - NowSeconds() + 1)
                    : connection->kind == Kind::kJoining ? kJoiningTime
                                                         : kRefusedTime);
}

void Entrance::Serve(const ConnectionPtr& connection, std::chrono::milliseconds lifetime) {
  const Connection* raw = connection.get();  // it outlives its server
  connection->forwarder = std::make_unique<Forwarder>(
      [this, raw](const CallHead& call, const std::function<void(RouteOrStatus)>& answer) {
        answer(RouteOf(*raw, call.method));
      });
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(
      connection->kind == Connection::Kind::kPeer ? kPeerMessageBytes : kOtherMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16);
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

// gRPC's threads: of what may change, only the channel is looked at.
RouteOrStatus Entrance::RouteOf(const Connection& connection, const std::string& method) const {
  using Kind = Connection::Kind;
  if (connection.kind == Kind::kRefused) {
    return tl::make_unexpected(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, connection.refusal));
  }
  if (connection.kind == Kind::kJoining && method != kJoin) {
    return tl::make_unexpected(grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                            "this node is not paired with yours; it may join"));
  }
  if (!method.starts_with(kPeerMethods)) {
    return tl::make_unexpected(
        grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "nodes call aloha.peer.v1.Peer alone"));
  }
  auto channel = supervisor_.Get();
  if (!channel) {
    return tl::make_unexpected(
        grpc::Status(grpc::StatusCode::UNAVAILABLE, "no supervisor runs on that node"));
  }
  return Route{std::move(channel),
               {{"aloha-node-key", connection.node_key}, {"aloha-address", connection.address}}};
}

void Entrance::Refuse(const Connection& connection, const std::string& reason,
                      const std::string& text) {
  ++stats_.refused[reason];
  if (Clock::now() < next_line_) {
    ++untold_;
    return;
  }
  next_line_ = Clock::now() + kBetweenLines;
  const uint64_t untold = std::exchange(untold_, 0);
  log_.Warning(fmt::format("audit: connection from {} refused ({}): {}{}", connection.address,
                           reason, text,
                           untold > 0 ? fmt::format("; {} more before it", untold) : ""));
}

void Entrance::Remove(ConnectionPtr connection) {
  if (connections_.erase(connection) == 0) return;
  if (connection->pump) connection->pump->Close();
  if (connection->server) undertaker_.End(std::move(connection->server), connection);
}

}  // namespace aloha::gateway
