// This node among others: its node key and box key, the node it is paired with, and the pairing.
//
// The node key (Ed25519) signs certificates for aloha-gateway (workers/node) and nothing else, so
// nobody who may ask for one gets any other text signed. The box key (X25519) seals what only the
// paired node's aloha-keys may open, and opens what that one sealed. Both are made at their first
// use and kept in the key folder, and so is what was pinned at pairing: nobody but this process can
// change whom it trusts.
#ifndef ALOHA_WORKERS_KEYS_NODE_H_
#define ALOHA_WORKERS_KEYS_NODE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "worker/v1/node.pb.h"
#include "workers/keys/key_store.h"
#include "workers/keys/pairing.h"
#include "workers/keys/secret.h"
#include "workers/runtime/error.h"
#include "workers/runtime/log.h"

namespace aloha::keys {

// Not for more than one thread at a time.
class Node {
 public:
  using Clock = std::function<int64_t()>;  // seconds since 1970-01-01 UTC

  // How long a code is good for, and how many wrong attempts it survives.
  static constexpr int64_t kCodeSeconds = 600;
  static constexpr int kAttempts = 10;

  // All outlive the node.
  Node(KeyStore& store, Log& log, Clock clock);

  // Errors of all: kFailedPrecondition while the key folder is locked; kInternal when it cannot be
  // written.
  Result<worker::v1::GetNodeResponse> Get();
  // kInvalidArgument: not a point.
  Result<worker::v1::CertifyTlsKeyResponse> Certify(std::string_view public_key);

  // The node that gives the code out.
  Result<worker::v1::CreateNodePairingCodeResponse> CreateCode(const std::string& name);
  void CancelCode();
  // Errors as aloha.peer.v1.Peer.Join.
  Result<worker::v1::AcceptJoinResponse> AcceptJoin(const worker::v1::AcceptJoinRequest& request);

  // The node that joins. kInvalidArgument: the code is mistyped.
  Result<worker::v1::BeginJoinResponse> BeginJoin(const worker::v1::BeginJoinRequest& request);
  // kPermissionDenied; kFailedPrecondition: none was begun.
  Result<worker::v1::FinishJoinResponse> FinishJoin(const worker::v1::FinishJoinRequest& request);

  // kNotFound.
  Result<> RemovePeer();

  // Seals to the paired node, who can tell that it was this one. kFailedPrecondition: not paired.
  // Equal texts are sealed differently; that an old one is not sent again is for the caller to see
  // to.
  Result<std::string> Seal(std::string_view text);
  // Opens what the paired node sealed to this one. kPermissionDenied: it is not that, or was
  // changed on the way.
  Result<SecretBytes> Open(std::string_view sealed);

 private:
  struct GivenCode {
    SecretBytes secret;
    std::string name;
    int64_t expires_s = 0;
    int wrong = 0;
  };
  struct Join {
    SecretBytes secret;
    worker::v1::PairingMessage message;
  };

  Result<> Load();
  Result<> Generate();
  Result<> LoadPeer();
  worker::v1::NodeIdentity Self(const std::string& name) const;
  Result<worker::v1::PinnedNode> Pin(const worker::v1::NodeIdentity& identity);
  tl::unexpected<Error> Refuse(const char* reason, Code code, std::string message);
  Result<> CheckSender(const worker::v1::NodeIdentity& identity, std::string_view tls_node_key);
  void EndCode(std::string why);

  KeyStore& store_;
  Log& log_;
  const Clock clock_;
  bool loaded_ = false;
  SecretBytes sign_secret_, box_secret_;
  std::string sign_public_, box_public_;
  std::optional<worker::v1::PinnedNode> peer_;
  std::optional<GivenCode> code_;
  std::string no_code_;  // why there is none, for who comes with one
  std::optional<Join> join_;
  std::map<std::string, uint64_t> refused_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_NODE_H_
