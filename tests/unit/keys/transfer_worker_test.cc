// Private keys and secrets from one confined worker to that of the paired node, and to no other.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/keys/scratch.h"
#include "tests/unit/support/spawned_worker.h"
#include "worker/v1/node.grpc.pb.h"
#include "worker/v1/roles.grpc.pb.h"
#include "worker/v1/transfer.grpc.pb.h"

namespace aloha::keys {
namespace {

namespace v1 = worker::v1;
using grpc::StatusCode;

// aloha-keys of one node.
class NodeProcess : public SpawnedWorker {
 public:
  explicit NodeProcess(std::string name)
      : NodeProcess(std::move(name), std::make_unique<Scratch>()) {}

  std::string NodeKey() {
    v1::GetNodeResponse node;
    EXPECT_TRUE(node_->GetNode(Call().get(), {}, &node).ok());
    return node.self().node_key();
  }

  // This node gave a code out, and `joiner` comes with it.
  void PairWith(NodeProcess& joiner) {
    v1::CreateNodePairingCodeRequest give;
    give.set_name(name_);
    v1::CreateNodePairingCodeResponse code;
    ASSERT_TRUE(node_->CreatePairingCode(Call().get(), give, &code).ok());
    v1::BeginJoinRequest begin;
    begin.set_code(code.code());
    begin.set_name(joiner.name_);
    v1::BeginJoinResponse begun;
    ASSERT_TRUE(joiner.node_->BeginJoin(Call().get(), begin, &begun).ok());
    v1::AcceptJoinRequest accept;
    accept.set_message(begun.message());
    accept.set_tls_node_key(joiner.NodeKey());
    v1::AcceptJoinResponse accepted;
    ASSERT_TRUE(node_->AcceptJoin(Call().get(), accept, &accepted).ok());
    v1::FinishJoinRequest finish;
    finish.set_message(accepted.message());
    finish.set_tls_node_key(NodeKey());
    v1::FinishJoinResponse finished;
    ASSERT_TRUE(joiner.node_->FinishJoin(Call().get(), finish, &finished).ok());
  }

  std::string MakeKey() {
    v1::CreateSelfSignedRequest request;
    request.set_common_name("mail.example.org");
    request.set_key_type(v1::KEY_TYPE_ECDSA_P256);
    request.set_days(10);
    v1::ImportKeyResponse made;
    EXPECT_TRUE(keys_->CreateSelfSigned(Call().get(), request, &made).ok());
    return made.key();
  }

  bool Has(const std::string& key) {
    v1::ListKeysResponse list;
    EXPECT_TRUE(keys_->ListKeys(Call().get(), {}, &list).ok());
    for (const auto& report : list.keys()) {
      if (report.key() == key) return true;
    }
    return false;
  }

  StatusCode SealKey(const std::string& key, std::string* sealed) {
    v1::SealKeyRequest request;
    request.set_key(key);
    v1::SealKeyResponse response;
    const auto status = transfer_->SealKey(Call().get(), request, &response);
    *sealed = response.sealed();
    return status.error_code();
  }

  StatusCode TakeKey(const std::string& sealed, v1::TakeKeyResponse* response) {
    v1::TakeKeyRequest request;
    request.set_sealed(sealed);
    return transfer_->TakeKey(Call().get(), request, response).error_code();
  }

  StatusCode SealSecret(const std::string& secret, std::string* sealed) {
    v1::SealSecretRequest request;
    request.set_secret(secret);
    v1::SealSecretResponse response;
    const auto status = transfer_->SealSecret(Call().get(), request, &response);
    *sealed = response.sealed();
    return status.error_code();
  }

  StatusCode OpenSecret(const std::string& sealed, std::string* secret) {
    v1::OpenSecretRequest request;
    request.set_sealed(sealed);
    v1::OpenSecretResponse response;
    const auto status = transfer_->OpenSecret(Call().get(), request, &response);
    *secret = response.secret();
    return status.error_code();
  }

  size_t NumKeyFiles() const {
    size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(*scratch_ / "keys"))
      count += file.path().extension() == ".key";
    return count;
  }

 private:
  NodeProcess(std::string name, std::unique_ptr<Scratch> scratch)
      : SpawnedWorker(ALOHA_KEYS_BINARY, {"--key-dir", *scratch / "keys"}),
        name_(std::move(name)),
        scratch_(std::move(scratch)),
        keys_(v1::Keys::NewStub(channel())),
        node_(v1::NodeKeys::NewStub(channel())),
        transfer_(v1::KeyTransfer::NewStub(channel())) {}

  const std::string name_;
  std::unique_ptr<Scratch> scratch_;
  std::unique_ptr<v1::Keys::Stub> keys_;
  std::unique_ptr<v1::NodeKeys::Stub> node_;
  std::unique_ptr<v1::KeyTransfer::Stub> transfer_;
};

TEST(TransferWorkerTest, OnlyThePairedNodeGetsAKey) {
  NodeProcess one("one"), two("two"), three("three");
  const std::string key = one.MakeKey();
  std::string sealed;
  EXPECT_EQ(one.SealKey(key, &sealed), StatusCode::FAILED_PRECONDITION);  // not paired
  one.PairWith(two);
  NodeProcess four("four");
  three.PairWith(four);
  ASSERT_EQ(one.SealKey(key, &sealed), StatusCode::OK);
  v1::TakeKeyResponse taken;
  for (NodeProcess* stranger : {&three, &four, &one}) {
    EXPECT_EQ(stranger->TakeKey(sealed, &taken), StatusCode::PERMISSION_DENIED);
  }
  EXPECT_FALSE(three.Has(key));
  ASSERT_EQ(two.TakeKey(sealed, &taken), StatusCode::OK);
  EXPECT_EQ(taken.key(), key);
  EXPECT_TRUE(taken.fresh());
  EXPECT_TRUE(two.Has(key));
  EXPECT_EQ(two.NumKeyFiles(), 1U);
  ASSERT_EQ(two.TakeKey(sealed, &taken), StatusCode::OK);
  EXPECT_FALSE(taken.fresh());
  EXPECT_EQ(one.SealKey(std::string(32, 'x'), &sealed), StatusCode::NOT_FOUND);
}

TEST(TransferWorkerTest, ASealHasOnePurpose) {
  NodeProcess one("one"), two("two");
  one.PairWith(two);
  const std::string key = one.MakeKey();
  std::string sealed_key, sealed_secret, opened;
  ASSERT_EQ(one.SealKey(key, &sealed_key), StatusCode::OK);
  ASSERT_EQ(one.SealSecret("ticket keys", &sealed_secret), StatusCode::OK);
  // The supervisor there cannot have a private key opened for it.
  EXPECT_EQ(two.OpenSecret(sealed_key, &opened), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(opened, "");
  v1::TakeKeyResponse taken;
  EXPECT_EQ(two.TakeKey(sealed_secret, &taken), StatusCode::PERMISSION_DENIED);
  ASSERT_EQ(two.OpenSecret(sealed_secret, &opened), StatusCode::OK);
  EXPECT_EQ(opened, "ticket keys");
  // Nor can it be sent back as if the other node had made it.
  EXPECT_EQ(one.OpenSecret(sealed_secret, &opened), StatusCode::PERMISSION_DENIED);
  for (size_t i = 0; i < sealed_secret.size(); i += 7) {
    std::string changed = sealed_secret;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(two.OpenSecret(changed, &opened), StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(one.SealSecret(std::string((1 << 20) + 1, 'x'), &sealed_secret),
            StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace aloha::keys
