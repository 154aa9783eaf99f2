// The two sides of pairing; see pairing.h for the messages.
#include <fmt/format.h>

#include "workers/keys/node.h"
#include "workers/keys/pairing_code.h"

namespace aloha::keys {
namespace v1 = worker::v1;

tl::unexpected<Error> Node::Refuse(const char* reason, Code code, std::string message) {
  ++refused_[reason];
  log_.Warning(fmt::format("pairing refused ({}): {}", reason, message));
  return Fail(code, std::move(message));
}

Result<v1::PinnedNode> Node::Pin(const v1::NodeIdentity& identity) {
  v1::StoredPeer stored;
  *stored.mutable_peer()->mutable_node() = identity;
  stored.mutable_peer()->set_paired_s(clock_());
  const std::string bytes = stored.SerializeAsString();
  const SecretBytes secret(bytes.begin(), bytes.end());
  if (auto saved = store_.SaveSecret("paired-node", Content::kPeer, secret); !saved)
    return tl::make_unexpected(saved.error());
  peer_ = stored.peer();
  log_.Info(fmt::format("paired with {}", identity.name()));
  return *peer_;
}

// What no code excuses: the message of a third node passed on, or one's own.
Result<> Node::CheckSender(const v1::NodeIdentity& identity, std::string_view tls_node_key) {
  if (identity.node_key() == sign_public_ || identity.box_key() == box_public_)
    return Refuse("own", Code::kPermissionDenied,
                  "the address leads back to this very node, or to a copy of it");
  if (identity.node_key() != tls_node_key) {
    return Refuse("in_between", Code::kPermissionDenied,
                  "the code is right, but the connection ends at a third node, which passes "
                  "everything on: someone stands between the two nodes");
  }
  return {};
}

Result<v1::CreateNodePairingCodeResponse> Node::CreateCode(const std::string& name) {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  code_ = GivenCode{MakePairingSecret(), name, clock_() + kCodeSeconds, 0};
  v1::CreateNodePairingCodeResponse response;
  response.set_code(WritePairingCode(code_->secret));
  response.set_expires_s(code_->expires_s);
  return response;
}

void Node::EndCode(std::string why) {
  code_.reset();
  no_code_ = std::move(why);
}

void Node::CancelCode() {
  if (code_) EndCode("the pairing code was taken back; alohactl vrrp pair on that node makes one");
}

Result<v1::AcceptJoinResponse> Node::AcceptJoin(const v1::AcceptJoinRequest& request) {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  if (code_ && clock_() >= code_->expires_s) {
    EndCode(
        fmt::format("the pairing code has expired: it is good for {} minutes; alohactl vrrp "
                    "pair on that node makes another",
                    kCodeSeconds / 60));
    return Refuse("expired", Code::kFailedPrecondition, no_code_);
  }
  if (!code_) return Refuse("no_code", Code::kFailedPrecondition, no_code_);
  const Result<ReadMessage> join = ParsePairingMessage(request.message());
  if (!join || !VerifyJoin(code_->secret, *join)) {
    if (++code_->wrong < kAttempts) {
      if (!join) return Refuse("malformed", join.error().code, join.error().message);
      return Refuse("wrong_code", Code::kPermissionDenied,
                    "it is another code than the one that node gave out last, or the message was "
                    "changed on the way");
    }
    EndCode(
        fmt::format("the pairing code was given up after {} attempts with a wrong one; "
                    "alohactl vrrp pair on that node makes another",
                    kAttempts));
    return Refuse("too_many", Code::kResourceExhausted, no_code_);
  }
  const GivenCode code = std::move(*code_);
  EndCode("the pairing code was used already; alohactl vrrp pair on that node makes another");
  if (auto direct = CheckSender(join->identity, request.tls_node_key()); !direct)
    return tl::make_unexpected(direct.error());
  Result<v1::PinnedNode> pinned = Pin(join->identity);
  if (!pinned) return tl::make_unexpected(pinned.error());
  v1::AcceptJoinResponse response;
  response.set_message(MakeAnswer(code.secret, join->message, Self(code.name)));
  *response.mutable_peer() = std::move(*pinned);
  return response;
}

Result<v1::BeginJoinResponse> Node::BeginJoin(const v1::BeginJoinRequest& request) {
  if (auto loaded = Load(); !loaded) return tl::make_unexpected(loaded.error());
  Result<SecretBytes> secret = ReadPairingCode(request.code());
  if (!secret) return tl::make_unexpected(secret.error());
  SentMessage sent = MakeJoin(*secret, Self(request.name()));
  join_ = Join{std::move(*secret), std::move(sent.message)};
  v1::BeginJoinResponse response;
  response.set_message(std::move(sent.serialized));
  return response;
}

Result<v1::FinishJoinResponse> Node::FinishJoin(const v1::FinishJoinRequest& request) {
  if (!join_) return Fail(Code::kFailedPrecondition, "no pairing was begun; run the command again");
  const Join join = std::move(*join_);
  join_.reset();
  const Result<ReadMessage> answer = ParsePairingMessage(request.message());
  if (!answer) return Refuse("malformed", answer.error().code, answer.error().message);
  if (!VerifyAnswer(join.secret, join.message, *answer)) {
    return Refuse("wrong_code", Code::kPermissionDenied,
                  "who answered does not have the code: it is not the node that gave it out, or "
                  "someone between the two changed the answer");
  }
  if (auto direct = CheckSender(answer->identity, request.tls_node_key()); !direct)
    return tl::make_unexpected(direct.error());
  Result<v1::PinnedNode> pinned = Pin(answer->identity);
  if (!pinned) return tl::make_unexpected(pinned.error());
  v1::FinishJoinResponse response;
  *response.mutable_peer() = std::move(*pinned);
  return response;
}

}  // namespace aloha::keys
