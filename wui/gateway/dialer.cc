#include "wui/gateway/dialer.h"

#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>

#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"

namespace aloha::gateway {
namespace {

constexpr std::chrono::seconds kConnectTimeout{3};
constexpr std::chrono::seconds kHandshakeTimeout{5};
constexpr int kMaxMessageBytes = 16 << 20;
// A node that awaits nobody closes connections at once.
constexpr char kNoHandshake[] =
    " (a node listens there that no pairing code waits on and that is not paired, or something "
    "else "
    "does)";

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::shared_ptr<grpc::Channel> MakeChannel(UniqueFd socket) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomInsecureChannelFromFd("peer", socket.release(), arguments);
}

}  // namespace

struct Dialer::Attempt {
  Attempt(asio::io_context& loop, std::string to)
      : socket(loop), timer(loop), name(std::move(to)) {}

  void Fail(std::string reason) {
    done(aloha::Fail(Code::kUnavailable, fmt::format("{}: {}", name, reason)));
  }

  asio::ip::tcp::socket socket;
  asio::steady_timer timer;
  bool late = false;
  std::string name;  // "10.0.0.18:4443"
  std::optional<node::NodeKey> expected;
  Done done;
  std::function<void()> ended;
  std::shared_ptr<TlsPump> pump;
};

void Dialer::Dial(const std::string& address, uint32_t port, std::optional<node::NodeKey> expected,
                  Done done, std::function<void()> ended) {
  asio::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  if (error || port == 0 || port > 65535)
    return done(Fail(Code::kInvalidArgument, "not a numeric address and port"));
  if (!identity_.context())
    return done(Fail(Code::kUnavailable, "aloha-keys made no certificate for this node yet"));
  const asio::ip::tcp::endpoint to(ip, static_cast<uint16_t>(port));
  auto attempt = std::make_shared<Attempt>(
      loop_, fmt::format(fmt::runtime(ip.is_v6() ? "[{}]:{}" : "{}:{}"), ip.to_string(), port));
  attempt->expected = expected;
  attempt->done = std::move(done);
  attempt->ended = std::move(ended);
  attempt->timer.expires_after(kConnectTimeout);
  attempt->timer.async_wait([attempt](const asio::error_code& stopped) {
    if (stopped) return;
    attempt->late = true;
    asio::error_code ignored;
    attempt->socket.close(ignored);
  });
  attempt->socket.async_connect(to, [this, attempt](const asio::error_code& failed) {
    attempt->timer.cancel();
    if (attempt->late) return attempt->Fail("does not answer");
    if (failed) return attempt->Fail(EscapeForLog(failed.message()));
    Handshake(attempt);
  });
}

void Dialer::Handshake(const std::shared_ptr<Attempt>& attempt) {
  attempt->pump =
      std::make_shared<TlsPump>(loop_, std::move(attempt->socket), identity_.context(), bytes_);
  attempt->pump->Handshake(asio::ssl::stream_base::client, kHandshakeTimeout,
                           [this, attempt](const Result<>& shaken) {
                             if (!shaken)
                               return attempt->Fail(shaken.error().message + kNoHandshake);
                             Result<Connected> connected = Take(*attempt);
                             if (!connected) attempt->pump->Close();
                             attempt->done(std::move(connected));
                           });
}

Result<Connected> Dialer::Take(Attempt& attempt) {
  const OtherSide other = WhoIs(attempt.pump->session(), NowSeconds());
  if (!other.refused.empty())
    return Fail(Code::kUnavailable, fmt::format("{}: {}", attempt.name, other.text));
  if (attempt.expected && other.node_key != *attempt.expected) {
    return Fail(Code::kUnavailable,
                fmt::format("{}: a node answers there that is not the paired one (its key is {})",
                            attempt.name, node::Fingerprint(other.node_key)));
  }
  Result<SocketPair> pair = MakeSocketPair(SOCK_STREAM);
  if (!pair) return tl::make_unexpected(pair.error());
  Connected connected{MakeChannel(std::move(pair->theirs)), other.node_key, attempt.pump};
  attempt.pump->Carry(std::move(pair->ours), {}, std::move(attempt.ended));
  return connected;
}

void PeerConnection::SetPeer(std::optional<worker::v1::PeerNode> peer) {
  const bool same =
      peer.has_value() == peer_.has_value() &&
      (!peer || (peer->node_key() == peer_->node_key() && peer->address() == peer_->address() &&
                 peer->port() == peer_->port()));
  if (same) return;
  peer_ = std::move(peer);
  ++era_;
  dialing_ = false;
  for (const Done& done : std::exchange(waiting_, {}))
    done(Fail(Code::kUnavailable, "the paired node was changed"));
  if (auto old = std::exchange(connection_, std::nullopt)) old->pump->Close();
}

void PeerConnection::Channel(Done done) {
  if (connection_) return done(connection_->channel);
  if (!peer_) return done(Fail(Code::kUnavailable, "this node is not paired with another"));
  if (peer_->address().empty()) {
    return done(Fail(Code::kUnavailable,
                     "where the paired node is reached is not known until it connects; or name it "
                     "in high_availability.peer"));
  }
  const Result<node::NodeKey> key = node::ToNodeKey(peer_->node_key());
  if (!key) return done(tl::make_unexpected(key.error()));
  waiting_.push_back(std::move(done));
  if (std::exchange(dialing_, true)) return;
  dialer_.Dial(
      peer_->address(), peer_->port(), *key,
      [this, era = era_](Result<Connected> dialed) { OnDialed(era, std::move(dialed)); },
      [this, era = era_] {
        if (era == era_) connection_.reset();
      });
}

void PeerConnection::Drop(const std::shared_ptr<grpc::Channel>& channel) {
  if (!connection_ || connection_->channel != channel) return;
  const std::shared_ptr<TlsPump> pump = connection_->pump;
  pump->Close();
}

void PeerConnection::OnDialed(uint64_t era, Result<Connected> dialed) {
  if (era != era_) {
    if (dialed) dialed->pump->Close();
    return;
  }
  dialing_ = false;
  if (dialed && dialed->pump->closed())
    dialed = Fail(Code::kUnavailable, "the connection ended as soon as it was made");
  ++(dialed ? connected_total_ : failed_total_);
  const Result<std::shared_ptr<grpc::Channel>> result =
      dialed.map([](const Connected& connected) { return connected.channel; });
  if (dialed) connection_ = std::move(*dialed);
  for (const Done& done : std::exchange(waiting_, {})) done(result);
}

}  // namespace aloha::gateway
