// The confined worker: what its supervisor and aloha-tls are told, and what it keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sodium.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "handoff/v1/handoff.pb.h"
#include "tests/unit/keys/messages.h"
#include "tests/unit/keys/pki.h"
#include "tests/unit/support/spawned_worker.h"
#include "worker/v1/roles.grpc.pb.h"
#include "workers/runtime/packet.h"

namespace aloha::keys {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
namespace v1 = worker::v1;

class KeysProcess : public SpawnedWorker {
 public:
  explicit KeysProcess(const Scratch& scratch)
      : SpawnedWorker(ALOHA_KEYS_BINARY,
                      {"--key-dir", scratch / "keys", "--secrets-dir", scratch / "secrets"}),
        keys_(v1::Keys::NewStub(channel())) {}

  // The sealed file, as alohactl and the browser send it.
  grpc::Status Import(const std::string& file, const std::string& password,
                      v1::ImportKeyResponse& response) {
    v1::GetSealingKeyResponse key;
    const grpc::Status status = keys_->GetSealingKey(Call().get(), {}, &key);
    if (!status.ok()) return status;
    v1::SealedImport import;
    import.set_file(file);
    import.set_password(password);
    const std::string text = import.SerializeAsString();
    std::string sealed(text.size() + crypto_box_SEALBYTES, '\0');
    crypto_box_seal(reinterpret_cast<uint8_t*>(sealed.data()),
                    reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                    reinterpret_cast<const uint8_t*>(key.public_key().data()));
    v1::ImportKeyRequest request;
    request.set_sealed(sealed);
    return keys_->ImportKey(Call().get(), request, &response);
  }

  void Enable(const std::vector<std::string>& keys) {
    v1::Snapshot snapshot;
    for (const std::string& key : keys) snapshot.mutable_keys()->add_keys(key);
    snapshot.mutable_keys();
    EXPECT_TRUE(Use(snapshot).ok());
  }

  v1::ListKeysResponse List() {
    v1::ListKeysResponse list;
    EXPECT_TRUE(keys_->ListKeys(Call().get(), {}, &list).ok());
    return list;
  }

  v1::GetInfoResponse Info() {
    v1::GetInfoResponse info;
    EXPECT_TRUE(worker().GetInfo(Call().get(), {}, &info).ok());
    return info;
  }

  v1::Keys::Stub& keys() { return *keys_; }

 private:
  std::unique_ptr<v1::Keys::Stub> keys_;
};

// One request and its answer.
handoff::v1::SignResponse Ask(int socket, const std::string& key, uint32_t scheme,
                              const std::string& message) {
  handoff::v1::SignRequests requests;
  handoff::v1::SignRequest* request = requests.add_requests();
  request->set_id(42);
  request->set_key(key);
  request->set_scheme(scheme);
  request->set_message(message);
  EXPECT_TRUE(SendPacket(socket, requests.SerializeAsString()));
  pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, 20'000), 1);
  const auto packet = ReceivePacket(socket);
  handoff::v1::SignResponses responses;
  EXPECT_TRUE(packet && responses.ParseFromString(packet->payload));
  return responses.responses_size() == 1 ? responses.responses(0) : handoff::v1::SignResponse();
}

class KeysWorker : public testing::Test {
 protected:
  KeysWorker() { scratch_.Run("mkdir secrets"); }

  Scratch scratch_;
};

TEST_F(KeysWorker, ImportsSignsAndKeeps) {
  v1::ImportKeyResponse imported;
  {
    KeysProcess worker(scratch_);
    const grpc::Status status =
        worker.Import(Pki().Read("all.pem") + Pki().Read("rsa.key"), "", imported);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(imported.chain_size(), 3);
    const UniqueFd tls = worker.GivePeer("tls");
    worker.Enable({});
    EXPECT_THAT(Ask(tls.get(), imported.key(), 0x0804, CertificateVerify()).reason(),
                HasSubstr("may not sign"));
    worker.Enable({imported.key()});
    EXPECT_EQ(Ask(tls.get(), imported.key(), 0x0804, CertificateVerify()).signature().size(), 256U);
    EXPECT_EQ(Ask(tls.get(), imported.key(), 0x0804, "sign this").reason().substr(0, 19),
              "not a TLS signature");
    const v1::ListKeysResponse list = worker.List();
    ASSERT_EQ(list.keys_size(), 1);
    EXPECT_EQ(list.keys(0).key(), imported.key());
    EXPECT_EQ(list.keys(0).key_type(), "RSA 2048");
    EXPECT_EQ(list.keys(0).signatures_total(), 1U);
    EXPECT_EQ(list.keys(0).refused_total(), 2U);
    EXPECT_TRUE(list.keys(0).enabled());
    EXPECT_EQ(list.malformed_total(), 1U);
  }
  // Killed, and started again.
  KeysProcess worker(scratch_);
  worker.Enable({imported.key()});
  const UniqueFd tls = worker.GivePeer("tls");
  EXPECT_NE(Ask(tls.get(), imported.key(), 0x0804, CertificateVerify()).signature(), "");
}

TEST_F(KeysWorker, MakesAndDeletesKeys) {
  KeysProcess worker(scratch_);
  v1::CreateSelfSignedRequest request;
  request.set_common_name("mail.example.org");
  request.set_days(825);
  v1::ImportKeyResponse made;
  ASSERT_TRUE(worker.keys().CreateSelfSigned(KeysProcess::Call().get(), request, &made).ok());
  EXPECT_EQ(worker.List().keys_size(), 1);
  v1::DeleteKeyRequest remove;
  remove.set_key(made.key());
  v1::DeleteKeyResponse removed;
  EXPECT_TRUE(worker.keys().DeleteKey(KeysProcess::Call().get(), remove, &removed).ok());
  EXPECT_EQ(worker.keys().DeleteKey(KeysProcess::Call().get(), remove, &removed).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(worker.List().keys_size(), 0);
}

TEST_F(KeysWorker, EachPeerSignsWithKeysOfItsOwnAlone) {
  KeysProcess worker(scratch_);
  std::map<std::string, std::string> keys;  // by role
  std::map<std::string, UniqueFd> peers;
  for (const char* role : {"tls", "wui", "gateway"}) {
    v1::CreateSelfSignedRequest request;
    request.set_common_name(role);
    request.set_days(825);
    v1::ImportKeyResponse made;
    ASSERT_TRUE(worker.keys().CreateSelfSigned(KeysProcess::Call().get(), request, &made).ok());
    keys[role] = made.key();
    peers[role] = worker.GivePeer(role);
  }
  v1::Snapshot snapshot;
  snapshot.mutable_keys()->add_keys(keys["tls"]);
  snapshot.mutable_keys()->set_web_key(keys["wui"]);
  snapshot.mutable_keys()->set_management_key(keys["gateway"]);
  ASSERT_TRUE(worker.Use(snapshot).ok());
  for (const auto& [role, socket] : peers) {
    for (const auto& [owner, key] : keys) {
      const auto answer = Ask(socket.get(), key, 0x0403, CertificateVerify());
      EXPECT_EQ(answer.signature().empty(), role != owner) << role << " with the key of " << owner;
      EXPECT_EQ(answer.reason().empty(), role == owner) << answer.reason();
    }
  }
  snapshot.mutable_keys()->clear_web_key();
  ASSERT_TRUE(worker.Use(snapshot).ok());
  EXPECT_NE(Ask(peers["wui"].get(), keys["wui"], 0x0403, CertificateVerify()).reason(), "");
}

TEST_F(KeysWorker, TellsWhatIsWrongWithAFile) {
  KeysProcess worker(scratch_);
  v1::ImportKeyResponse response;
  grpc::Status status = worker.Import(Pki().Read("all.pem"), "", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "the file has no private key");
  v1::ImportKeyRequest request;
  request.set_sealed(std::string(200, 'x'));
  status = worker.keys().ImportKey(KeysProcess::Call().get(), request, &response);
  EXPECT_THAT(status.error_message(), HasSubstr("is not sealed to this machine's key"));
  request.mutable_unsealed()->set_file(Pki().Read("all.pem") + Pki().Read("rsa.key"));
  EXPECT_TRUE(worker.keys().ImportKey(KeysProcess::Call().get(), request, &response).ok());
}

// RC2 comes from a file of OpenSSL's, which must be loaded before confinement.
TEST_F(KeysWorker, OpensOldPkcs12WhenConfined) {
  Pki().Run(
      "openssl pkcs12 -export -legacy -inkey rsa.key -in all.pem -passout pass:geheim -out out");
  KeysProcess worker(scratch_);
  v1::ImportKeyResponse response;
  const grpc::Status status = worker.Import(Pki().Read("out"), "geheim", response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(KeysWorker, WithAPassphraseItEncryptsWhatItKeeps) {
  scratch_.Write("secrets/key-passphrase", "correct horse\n");
  {
    KeysProcess worker(scratch_);
    v1::ImportKeyResponse response;
    ASSERT_TRUE(worker.Import(Pki().Read("all.pem") + Pki().Read("rsa.key"), "", response).ok());
    EXPECT_THAT(worker.Info().limitations(), IsEmpty());
  }
  scratch_.Run("rm secrets/key-passphrase");
  KeysProcess worker(scratch_);
  EXPECT_EQ(worker.List().keys_size(), 0);
  EXPECT_THAT(worker.Info().limitations(), testing::SizeIs(2));
  v1::ImportKeyResponse response;
  EXPECT_EQ(worker.Import(Pki().Read("all.pem"), "", response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(KeysWorker, SignsWithKeysOfFilesAndTellsOfChanges) {
  const auto put = [this](const std::string& name) {
    scratch_.Write("new.pem", Pki().Read(name + ".pem") + Pki().Read(name + ".key"));
    scratch_.Run("mv new.pem secrets/web.pem");
  };
  put("rsa");
  KeysProcess worker(scratch_);
  const UniqueFd tls = worker.GivePeer("tls");
  v1::Snapshot snapshot;
  v1::CertificateFile* file = snapshot.mutable_keys()->add_certificate_files();
  file->set_name("web");
  file->set_path("web.pem");
  ASSERT_TRUE(worker.Use(snapshot).ok());
  const auto call = KeysProcess::Call();
  const auto reader = worker.keys().WatchCertificateFiles(call.get(), {});
  v1::CertificateFileContent content;
  ASSERT_TRUE(reader->Read(&content));
  EXPECT_EQ(content.name(), "web");
  EXPECT_EQ(content.content().details().common_name(), "mail.example.org");
  const std::string first = content.content().key();
  *snapshot.mutable_keys()->add_keys() = first;
  ASSERT_TRUE(worker.Use(snapshot).ok());
  EXPECT_NE(Ask(tls.get(), first, 0x0804, CertificateVerify()).signature(), "");
  put("p256");
  ASSERT_TRUE(reader->Read(&content));
  EXPECT_EQ(content.content().details().common_name(), "p256.example.org");
  // Until a snapshot names the new key, and no longer the old one, handshakes go on with it.
  EXPECT_NE(Ask(tls.get(), first, 0x0804, CertificateVerify()).signature(), "");
  snapshot.mutable_keys()->set_keys(0, content.content().key());
  ASSERT_TRUE(worker.Use(snapshot).ok());
  EXPECT_EQ(Ask(tls.get(), first, 0x0804, CertificateVerify()).reason(), "no such key");
  EXPECT_NE(Ask(tls.get(), content.content().key(), 0x0403, CertificateVerify()).signature(), "");
  const std::filesystem::directory_iterator kept(scratch_ / "keys");
  EXPECT_EQ(std::distance(begin(kept), end(kept)), 1) << "more than the sealing key is kept";
  file = snapshot.mutable_keys()->mutable_certificate_files(0);
  file->set_path("../web.pem");
  EXPECT_EQ(worker.Use(snapshot).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  call->TryCancel();
}

// A channel that comes before the first snapshot is not served with refusals.
TEST_F(KeysWorker, RequestsWaitForTheFirstSnapshot) {
  v1::ImportKeyResponse imported;
  {
    KeysProcess worker(scratch_);
    ASSERT_TRUE(worker.Import(Pki().Read("all.pem") + Pki().Read("rsa.key"), "", imported).ok());
  }
  KeysProcess worker(scratch_);
  const UniqueFd tls = worker.GivePeer("tls");
  handoff::v1::SignRequests requests;
  requests.add_requests()->set_key(imported.key());
  requests.mutable_requests(0)->set_scheme(0x0804);
  requests.mutable_requests(0)->set_message(CertificateVerify());
  ASSERT_TRUE(SendPacket(tls.get(), requests.SerializeAsString()));
  worker.List();
  worker.Enable({imported.key()});
  pollfd wait{.fd = tls.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&wait, 1, 20'000), 1);
  handoff::v1::SignResponses responses;
  ASSERT_TRUE(responses.ParseFromString(ReceivePacket(tls.get())->payload));
  EXPECT_EQ(responses.responses(0).reason(), "");
}

TEST_F(KeysWorker, IsConfined) {
  KeysProcess worker(scratch_);
  const v1::GetInfoResponse info = worker.Info();
  bool folders = false;
  for (const v1::ConfinementProbe& probe : info.probes()) {
    EXPECT_TRUE(probe.refused()) << probe.act();
    folders = folders || probe.act() == "open /etc/passwd from a folder";
  }
  EXPECT_EQ(folders, info.landlock_abi() > 0);
  std::ifstream status("/proc/" + std::to_string(worker.pid()) + "/status");
  const std::string text{std::istreambuf_iterator<char>(status), {}};
  EXPECT_THAT(text, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(text, HasSubstr("Seccomp:\t2"));
}

TEST_F(KeysWorker, LoadsOneCryptoLibrary) {
  KeysProcess worker(scratch_);
  std::ifstream maps("/proc/" + std::to_string(worker.pid()) + "/maps");
  std::set<std::string> libraries;
  for (std::string line; std::getline(maps, line);) {
    if (const size_t at = line.find("libcrypto"); at != std::string::npos)
      libraries.insert(line.substr(at));
  }
  EXPECT_THAT(libraries, testing::SizeIs(1));
}

}  // namespace
}  // namespace aloha::keys
