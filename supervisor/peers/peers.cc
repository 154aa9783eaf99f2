#include "supervisor/peers/peers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <climits>

#include "supervisor/async.h"
#include "supervisor/config/state_file.h"
#include "supervisor/machine/host_name.h"
#include "supervisor/peers/node_calls.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBeat{2'000};
constexpr milliseconds kBeatTimeout{3'000};
constexpr milliseconds kLongestPause{15'000};
constexpr seconds kIdle{60};
constexpr milliseconds kSoon{20};
constexpr milliseconds kRetry{250};
// Of an answer to a heartbeat: the first may be late on a busy machine.
constexpr int kMissed = 2;
// A certificate lasts 24 hours.
constexpr std::chrono::hours kRenew{12};

}  // namespace

Peers::Peers(asio::io_context& loop, Fleet& fleet, Deployment& deployment, Events& events,
             std::string path, std::function<const config::v1::Config&()> config)
    : loop_(loop),
      fleet_(fleet),
      deployment_(deployment),
      events_(events),
      path_(std::move(path)),
      config_(std::move(config)),
      link_(fleet),
      service_(loop, link_,
               {.admit = [this](const PeerCaller& caller) { return AdmitCaller(caller); },
                .hello = [this](const PeerCaller& caller,
                                const auto& request) { return OnHello(caller, request); },
                .join =
                    [this](PeerCaller caller, peer::v1::JoinRequest request) {
                      return OnJoin(std::move(caller), std::move(request));
                    }}),
      wake_(loop) {
  LoadAddress();
}

void Peers::LoadAddress() {
  v1::PeerNode kept;
  const Result<> read = ReadState(path_, &kept);
  if (read) learned_address_ = std::move(kept);
  if (!read && read.error().code != Code::kNotFound)
    events_.Add(Event::WARNING, "node", "address", read.error().message);
}

void Peers::KeepAddress() {
  if (auto written = WriteState(path_, learned_address_); !written)
    events_.Add(Event::ERROR, "node", "address", written.error().message);
}

uint32_t Peers::Port() const {
  const auto& ha = config_().high_availability();
  return ha.has_link_port() ? ha.link_port() : 4443;
}

std::pair<std::string, uint32_t> Peers::PeerAddress() const {
  const auto& ha = config_().high_availability();
  if (ha.peer_size() > 0) return {ha.peer(0), Port()};
  if (!peer_ || learned_address_.node_key() != peer_->node().node_key()) return {"", Port()};
  return {learned_address_.address(), learned_address_.port()};
}

void Peers::AddTo(v1::GatewaySnapshot& gateway) const {
  gateway.clear_peer();
  gateway.set_joining(joining_);
  if (!gateway.has_listener() || !peer_) return;
  gateway.mutable_peer()->set_node_key(peer_->node().node_key());
  const auto [address, port] = PeerAddress();
  gateway.mutable_peer()->set_address(address);
  gateway.mutable_peer()->set_port(port);
}

bool Peers::GatewayIsBehind() const {
  const v1::GatewaySnapshot& told = deployment_.target().gateway;
  v1::GatewaySnapshot wanted = told;
  AddTo(wanted);
  // It may run for remote administrators alone.
  if (!told.has_listener()) return !told.has_management();
  return told.SerializeAsString() != wanted.SerializeAsString();
}

asio::awaitable<Result<>> Peers::TellGateway() {
  // Before the first deployment an adopted gateway runs what it has.
  if (!deployment_.target().gateway.has_listener()) co_return Result<>();
  const auto change = [this](Target& target) { AddTo(target.gateway); };
  co_return co_await deployment_.ApplyTo("gateway", change);
}

void Peers::Follow(const std::shared_ptr<Process>& process) {
  if (process->role->name == "keys") {
    learned_ = false;
  } else {
    gateway_ = process;
  }
  Wake();
}

void Peers::Wake() {
  woken_ = true;
  wake_.cancel();
}

asio::awaitable<void> Peers::Pause(milliseconds time) {
  if (!woken_) {
    wake_.expires_after(time);
    asio::error_code woken;
    co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  woken_ = false;
}

asio::awaitable<void> Peers::Run() {
  for (;;) {
    // Nodes have no keys before they are asked for: only where there may be another one.
    if (!learned_ && fleet_.Find("keys") && fleet_.Find("gateway")) {
      (void)co_await LearnNode();  // what keeps it from that is told of the certificate
    }
    co_await CertifyGateway();
    co_await EndCode();
    if (learned_ && GatewayIsBehind()) (void)co_await TellGateway();
    if (peer_ && fleet_.Find("gateway")) co_await Beat();
    co_await Pause(NextPause());
  }
}

milliseconds Peers::NextPause() const {
  const std::shared_ptr<Process> gateway = gateway_.lock();
  if (!gateway || gateway->ended) return kIdle;         // Follow wakes
  if (fleet_.Find("gateway") != gateway) return kSoon;  // equipped, not yet taken up
  if (!learned_ || GatewayIsBehind() || certified_.lock() != gateway) return kRetry;
  if (!peer_) {
    if (!joining_) return kIdle;
    return std::clamp(std::chrono::ceil<milliseconds>(code_ends_ - Clock::now()), milliseconds(100),
                      milliseconds(kIdle));
  }
  if (link_.state().connected) return failures_ > 0 ? milliseconds(0) : kBeat;
  return std::min(kLongestPause, milliseconds(500) * (1 << std::min(failures_, 5)));
}

asio::awaitable<Result<>> Peers::LearnNode() {
  const auto node =
      co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::GetNode, v1::GetNodeRequest());
  if (!node) co_return tl::make_unexpected(node.error());
  learned_ = true;
  self_ = node->self();
  // A code is kept in the memory of aloha-keys, and so may outlive a supervisor or end before it.
  code_ends_ = Clock::time_point(seconds(node->code_expires_s()));
  joining_ = joining_ || node->code_expires_s() > 0;
  if (!node->has_peer()) {
    ForgetPeer();
  } else {
    peer_ = node->peer();
  }
  LinkState state = link_.state();
  state.paired = peer_.has_value();
  link_.Update(std::move(state));
  co_return co_await TellGateway();
}

// A gateway has no certificate when it starts, and each lasts a day.
asio::awaitable<void> Peers::CertifyGateway() {
  const std::shared_ptr<Process> gateway = fleet_.Find("gateway");
  if (!gateway || !fleet_.Find("keys")) co_return;
  if (certified_.lock() == gateway && Clock::now() < renew_) co_return;
  const Result<> certified = co_await Certify(gateway);
  const std::string problem = certified ? "" : certified.error().message;
  if (certified) {
    certified_ = gateway;
    renew_ = Clock::now() + kRenew;
  }
  if (std::exchange(certify_problem_, problem) == problem || gateway->ended) co_return;
  if (!problem.empty())
    events_.Add(Event::ERROR, "node", "certificate",
                fmt::format("aloha-gateway gets no certificate: {}", problem));
}

asio::awaitable<Result<>> Peers::Certify(const std::shared_ptr<Process>& gateway) {
  const auto key =
      co_await CallGateway(fleet_, &v1::Gateway::Stub::async::MakeTlsKey, v1::MakeTlsKeyRequest());
  if (!key) co_return tl::make_unexpected(key.error());
  v1::CertifyTlsKeyRequest certify;
  certify.set_public_key(key->public_key());
  const auto certified =
      co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::CertifyTlsKey, certify);
  if (!certified) co_return tl::make_unexpected(certified.error());
  if (fleet_.Find("gateway") != gateway)
    co_return Fail(Code::kAborted, "aloha-gateway was replaced meanwhile");
  v1::UseCertificateRequest use;
  use.set_certificate(certified->certificate());
  const auto used = co_await CallGateway(fleet_, &v1::Gateway::Stub::async::UseCertificate, use);
  if (!used) co_return tl::make_unexpected(used.error());
  co_return Result<>();
}

peer::v1::NodeInfo Peers::Self() const {
  peer::v1::NodeInfo self;
  self.set_protocol(kProtocol);
  self.set_name(HostName());
  self.set_version(ALOHA_VERSION);
  self.set_started_us(
      std::chrono::duration_cast<std::chrono::microseconds>(started_.time_since_epoch()).count());
  return self;
}

asio::awaitable<void> Peers::Beat() {
  peer::v1::HelloRequest hello;
  *hello.mutable_node() = Self();
  const auto begin = std::chrono::steady_clock::now();
  const auto answer =
      co_await link_.Call(&peer::v1::Peer::Stub::async::Hello, std::move(hello), kBeatTimeout);
  if (!peer_) co_return;  // removed meanwhile
  if (!answer) {
    if (++failures_ >= kMissed || !link_.state().connected)
      SetLink(false, answer.error().message, {}, nullptr);
    co_return;
  }
  failures_ = 0;
  const auto round_trip = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  const uint32_t protocol = answer->node().protocol();
  const std::string other =
      protocol == kProtocol
          ? ""
          : fmt::format(
                "it speaks version {} of the protocol between nodes (program {}), this node "
                "version {} (program {}); bring both to the same program",
                protocol, EscapeForLog(answer->node().version()), kProtocol, ALOHA_VERSION);
  SetLink(other.empty(), other, round_trip, &answer->node());
}

void Peers::SetLink(bool connected, std::string reason, std::chrono::microseconds round_trip,
                    const peer::v1::NodeInfo* node) {
  LinkState state = link_.state();
  const bool changed = state.connected != connected;
  if (changed || state.since == Clock::time_point()) state.since = Clock::now();
  state.paired = peer_.has_value();
  state.connected = connected;
  state.reason = EscapeForLog(reason);
  state.round_trip = round_trip;
  if (node != nullptr) {
    state.node = *node;
    state.node.set_name(EscapeForLog(node->name()).substr(0, 64));
    state.node.set_version(EscapeForLog(node->version()).substr(0, 64));
  }
  const bool tell = changed || (!connected && !std::exchange(told_down_, true));
  if (tell && peer_) {
    told_down_ = !connected;
    events_.Add(connected ? Event::INFO : Event::WARNING, "node", peer_->node().name(),
                connected ? fmt::format("connected, {} µs there and back", round_trip.count())
                          : fmt::format("not connected: {}", state.reason));
  }
  link_.Update(std::move(state));
}

Result<> Peers::AdmitCaller(const PeerCaller& caller) const {
  if (peer_ && peer_->node().node_key() == caller.node_key) return {};
  return Fail(Code::kPermissionDenied, "this node is not paired with yours");
}

Result<peer::v1::HelloResponse> Peers::OnHello(const PeerCaller& caller,
                                               const peer::v1::HelloRequest& request) {
  peer::v1::HelloResponse response;
  *response.mutable_node() = Self();
  const bool anew = request.node().started_us() != link_.state().node.started_us();
  if (link_.state().connected && !anew) return response;
  // It is there: no need to wait out the pause. Where it is not configured, it is where it came
  // from.
  if (!link_.state().connected && config_().high_availability().peer_size() == 0 &&
      !caller.address.empty() && caller.address != PeerAddress().first) {
    learned_address_.set_node_key(caller.node_key);
    learned_address_.set_address(caller.address);
    learned_address_.set_port(Port());
    KeepAddress();
    Spawn(loop_,
          [](Peers* self) -> asio::awaitable<void> { (void)co_await self->TellGateway(); }(this));
  }
  Wake();
  return response;
}

}  // namespace aloha::supervisor
