// Pairing, and its end.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/async.h"
#include "supervisor/config/address.h"
#include "supervisor/config/link_listener.h"
#include "supervisor/peers/node_calls.h"
#include "supervisor/peers/peers.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

// How long a gateway that just starts is waited for.
constexpr int kStartTries = 50;
constexpr std::chrono::milliseconds kBetweenTries{100};

constexpr auto kBadAddress =
    "write the other node's address as in \"10.0.0.17\", \"10.0.0.17:4443\" or \"[fd00::17]:4443\"";

// "10.0.0.17", "10.0.0.17:4443", "fd00::17", "[fd00::17]:4443".
Result<std::pair<std::string, uint32_t>> ParseNodeAddress(std::string text, uint32_t port) {
  std::string digits;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string::npos) return Fail(Code::kInvalidArgument, kBadAddress, "address");
    const std::string rest = text.substr(end + 1);
    text = text.substr(1, end - 1);
    if (!rest.empty() && rest[0] != ':')
      return Fail(Code::kInvalidArgument, kBadAddress, "address");
    if (!rest.empty()) digits = rest.substr(1);
    if (!rest.empty() && digits.empty()) digits = "x";
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    digits = text.substr(text.find(':') + 1);
    if (digits.empty()) digits = "x";
    text.resize(text.find(':'));
  }
  if (!digits.empty()) {
    if (digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos)
      return Fail(Code::kInvalidArgument, kBadAddress, "address");
    port = static_cast<uint32_t>(std::stoul(digits));
  }
  const auto address = ParseAddress(text);
  if (!address || address->IsWildcard() || address->IsMulticast() || port == 0 || port > 65535)
    return Fail(Code::kInvalidArgument, kBadAddress, "address");
  return std::pair(FormatAddress(*address), port);
}

}  // namespace

asio::awaitable<Result<>> Peers::AwaitUsable() const {
  if (!LinkListenerOf(config_())) {
    co_return Fail(Code::kFailedPrecondition,
                   "high availability is disabled on this node; set high_availability first");
  }
  for (int i = 0; i < kStartTries; ++i) {
    const std::shared_ptr<Process> gateway = fleet_.Find("gateway");
    if (gateway && certified_.lock() == gateway) co_return Result<>();
    co_await Sleep(kBetweenTries);
  }
  if (!fleet_.Find("gateway"))
    co_return Fail(Code::kUnavailable, "aloha-gateway does not run; alohactl worker list says why");
  co_return Fail(Code::kUnavailable,
                 "aloha-gateway has no certificate; alohactl event list says why");
}

void Peers::UsePeer(const v1::PinnedNode& peer, std::string address, uint32_t port) {
  peer_ = peer;
  learned_address_.set_node_key(peer.node().node_key());
  learned_address_.set_address(std::move(address));
  learned_address_.set_port(port);
  KeepAddress();
  failures_ = 0;
  told_down_ = true;  // the pairing itself is told
  LinkState state;
  state.paired = true;
  state.reason = "connecting";
  state.since = Clock::now();
  link_.Update(std::move(state));
}

void Peers::ForgetPeer() {
  peer_.reset();
  failures_ = 0;
  link_.Update({});
}

asio::awaitable<Result<admin::v1::PairingCode>> Peers::CreateCode() {
  if (auto usable = co_await AwaitUsable(); !usable) co_return tl::make_unexpected(usable.error());
  v1::CreateNodePairingCodeRequest request;
  request.set_name(Self().name());
  const auto made =
      co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::CreatePairingCode, request);
  if (!made) co_return tl::make_unexpected(made.error());
  code_ends_ = Clock::time_point(std::chrono::seconds(made->expires_s()));
  joining_ = true;
  if (auto told = co_await TellGateway(); !told) co_return tl::make_unexpected(told.error());
  Wake();
  admin::v1::PairingCode code;
  code.set_code(made->code());
  code.set_expires_s(made->expires_s());
  code.set_port(Port());
  co_return code;
}

// When it was used or its time is over, nobody but the paired node is let in.
asio::awaitable<void> Peers::EndCode() {
  if (!joining_ || Clock::now() < code_ends_) co_return;
  joining_ = false;
  (void)co_await TellGateway();
}

asio::awaitable<Result<peer::v1::JoinResponse>> Peers::OnJoin(PeerCaller caller,
                                                              peer::v1::JoinRequest request) {
  if (request.protocol() != kProtocol) {
    co_return Fail(Code::kFailedPrecondition,
                   fmt::format("that node speaks version {} of the protocol between nodes (program "
                               "{}), yours version {}; bring both to the same program",
                               kProtocol, ALOHA_VERSION, request.protocol()));
  }
  v1::AcceptJoinRequest accept;
  accept.set_message(request.message());
  accept.set_tls_node_key(caller.node_key);
  const auto accepted =
      co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::AcceptJoin, accept);
  const std::string address = EscapeForLog(caller.address);
  if (!accepted) {
    events_.Add(Event::WARNING, "node", address,
                fmt::format("an attempt to pair was refused: {}", accepted.error().message));
    learned_ = false;  // the code may have ended with it
    Wake();
    co_return tl::make_unexpected(accepted.error());
  }
  UsePeer(accepted->peer(), caller.address, Port());
  code_ends_ = {};
  events_.Add(Event::INFO, "node", peer_->node().name(),
              fmt::format("paired; it is at {}", address));
  Wake();  // which tells aloha-gateway
  peer::v1::JoinResponse response;
  response.set_message(accepted->message());
  co_return response;
}

asio::awaitable<Result<admin::v1::Node>> Peers::Pair(std::string address, std::string code) {
  if (auto usable = co_await AwaitUsable(); !usable) co_return tl::make_unexpected(usable.error());
  const auto to = ParseNodeAddress(std::move(address), Port());
  if (!to) co_return tl::make_unexpected(to.error());
  v1::BeginJoinRequest begin;
  begin.set_code(std::move(code));
  begin.set_name(Self().name());
  const auto begun = co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::BeginJoin, begin);
  if (!begun) co_return tl::make_unexpected(begun.error());
  peer::v1::JoinRequest join;
  join.set_protocol(kProtocol);
  join.set_message(begun->message());
  v1::GatewayJoinRequest carry;
  carry.set_address(to->first);
  carry.set_port(to->second);
  carry.set_request(join.SerializeAsString());
  const auto carried = co_await CallGateway(fleet_, &v1::Gateway::Stub::async::Join, carry);
  if (!carried) co_return tl::make_unexpected(carried.error());
  peer::v1::JoinResponse answer;
  if (!answer.ParseFromString(carried->response()))
    co_return Fail(Code::kInternal, "aloha-gateway brought no answer");
  v1::FinishJoinRequest finish;
  finish.set_message(answer.message());
  finish.set_tls_node_key(carried->node_key());
  const auto done = co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::FinishJoin, finish);
  if (!done) co_return tl::make_unexpected(done.error());
  UsePeer(done->peer(), to->first, to->second);
  if (auto told = co_await TellGateway(); !told) co_return tl::make_unexpected(told.error());
  Wake();
  co_return Describe();
}

asio::awaitable<Result<std::string>> Peers::Remove() {
  const auto removed = co_await CallNodeKeys(fleet_, &v1::NodeKeys::Stub::async::RemovePeer,
                                             v1::RemovePeerRequest());
  if (!removed) co_return tl::make_unexpected(removed.error());
  const std::string name = peer_ ? peer_->node().name() : "";
  ForgetPeer();
  if (auto told = co_await TellGateway(); !told) co_return tl::make_unexpected(told.error());
  co_return name;
}

}  // namespace aloha::supervisor
