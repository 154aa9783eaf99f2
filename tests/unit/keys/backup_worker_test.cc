// Private keys from one confined worker to another in a backup, and not without leave.
#include <gtest/gtest.h>
#include <sodium.h>

#include <filesystem>

#include "tests/unit/keys/scratch.h"
#include "tests/unit/support/spawned_worker.h"
#include "worker/v1/backup.grpc.pb.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::keys {
namespace {

namespace v1 = worker::v1;
using grpc::StatusCode;

constexpr char kPassphrase[] = "tin whistle parade";

class KeysProcess : public SpawnedWorker {
 public:
  KeysProcess() : KeysProcess(std::make_unique<Scratch>()) {}

  std::string Seal(const std::string& passphrase) {
    v1::GetSealingKeyResponse key;
    EXPECT_TRUE(keys_->GetSealingKey(Call().get(), {}, &key).ok());
    v1::SealedPassphrase message;
    message.set_passphrase(passphrase);
    const std::string clear = message.SerializeAsString();
    std::string sealed(crypto_box_SEALBYTES + clear.size(), '\0');
    crypto_box_seal(reinterpret_cast<uint8_t*>(sealed.data()),
                    reinterpret_cast<const uint8_t*>(clear.data()), clear.size(),
                    reinterpret_cast<const uint8_t*>(key.public_key().data()));
    return sealed;
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

  void Allow() { scratch_->Write("keys/allow-backup", ""); }

  StatusCode SealBackup(const std::vector<std::string>& keys, std::string* sealed) {
    v1::SealBackupRequest request;
    request.set_sealed_passphrase(Seal(kPassphrase));
    request.set_header("header");
    request.set_content("content");
    for (const std::string& key : keys) request.add_keys(key);
    v1::SealBackupResponse response;
    const auto status = backup_->SealBackup(Call().get(), request, &response);
    *sealed = response.sealed();
    return status.error_code();
  }

  v1::OpenBackupRequest ToOpen(const std::string& sealed,
                               const std::string& passphrase = kPassphrase) {
    v1::OpenBackupRequest request;
    request.set_sealed_passphrase(Seal(passphrase));
    request.set_header("header");
    request.set_sealed(sealed);
    return request;
  }

  StatusCode Open(const v1::OpenBackupRequest& request, v1::OpenBackupResponse* response) {
    return backup_->OpenBackup(Call().get(), request, response).error_code();
  }
  StatusCode Take(const v1::OpenBackupRequest& request, v1::TakeBackupKeysResponse* response) {
    return backup_->TakeBackupKeys(Call().get(), request, response).error_code();
  }

  size_t NumKeyFiles() const {
    size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(*scratch_ / "keys"))
      count += file.path().extension() == ".key";
    return count;
  }

 private:
  explicit KeysProcess(std::unique_ptr<Scratch> scratch)
      : SpawnedWorker(ALOHA_KEYS_BINARY, {"--key-dir", *scratch / "keys"}),
        scratch_(std::move(scratch)),
        keys_(v1::Keys::NewStub(channel())),
        backup_(v1::KeyBackup::NewStub(channel())) {}

  std::unique_ptr<Scratch> scratch_;
  std::unique_ptr<v1::Keys::Stub> keys_;
  std::unique_ptr<v1::KeyBackup::Stub> backup_;
};

TEST(BackupWorkerTest, KeysLeaveOnlyWhereTheFolderAllowsIt) {
  KeysProcess one;
  const std::string key = one.MakeKey();
  std::string sealed;
  EXPECT_EQ(one.SealBackup({key}, &sealed), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(sealed, "");
  EXPECT_EQ(one.SealBackup({}, &sealed), StatusCode::OK);
  one.Allow();
  EXPECT_EQ(one.SealBackup({key}, &sealed), StatusCode::OK);
  EXPECT_EQ(one.SealBackup({std::string(32, 'x')}, &sealed), StatusCode::NOT_FOUND);
  EXPECT_EQ(one.SealBackup({"short"}, &sealed), StatusCode::INVALID_ARGUMENT);
}

TEST(BackupWorkerTest, AnotherMachineTakesThemWithThePassphrase) {
  KeysProcess one, two;
  one.Allow();
  const std::string key = one.MakeKey();
  std::string sealed;
  ASSERT_EQ(one.SealBackup({key}, &sealed), StatusCode::OK);
  v1::OpenBackupResponse opened;
  v1::TakeBackupKeysResponse taken;
  EXPECT_EQ(two.Open(two.ToOpen(sealed, "another passphrase"), &opened),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(two.Take(two.ToOpen(sealed, "another passphrase"), &taken),
            StatusCode::PERMISSION_DENIED);
  // A passphrase that is sealed to another machine.
  EXPECT_EQ(two.Open(one.ToOpen(sealed), &opened), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(two.NumKeyFiles(), 0U);
  ASSERT_EQ(two.Open(two.ToOpen(sealed), &opened), StatusCode::OK);
  EXPECT_EQ(opened.content(), "content");
  ASSERT_EQ(opened.keys_size(), 1);
  EXPECT_EQ(opened.keys(0), key);
  EXPECT_EQ(two.NumKeyFiles(), 0U) << "opening keeps nothing";
  ASSERT_EQ(two.Take(two.ToOpen(sealed), &taken), StatusCode::OK);
  ASSERT_EQ(taken.fresh_size(), 1);
  EXPECT_EQ(taken.fresh(0), key);
  EXPECT_EQ(two.NumKeyFiles(), 1U);
  ASSERT_EQ(two.Take(two.ToOpen(sealed), &taken), StatusCode::OK);
  EXPECT_EQ(taken.fresh_size(), 0) << "it is there";
}

}  // namespace
}  // namespace aloha::keys
