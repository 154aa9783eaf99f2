// What a client sends first: the server side of a handshake, fed in pieces. The first byte chooses
// the profile, the second how long the pieces are.
#include <openssl/nid.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "tests/unit/tls/test_certificate.h"
#include "workers/tls/endpoint.h"
#include "workers/tls/running_config.h"

using aloha::tls::Endpoint;
using aloha::tls::TestCertificate;

namespace {

void Require(bool holds) {
  if (!holds) abort();
}

// Two certificates, and a listener of each profile that has both.
struct World {
  World() {
    aloha::worker::v1::TlsSnapshot snapshot;
    snapshot.set_threads(1);
    snapshot.set_handshake_timeout_ms(1000);
    snapshot.set_max_handshakes(1);
    snapshot.set_max_handshakes_per_client(1);
    *snapshot.add_certificates() = ecdsa.message;
    *snapshot.add_certificates() = rsa.message;
    snapshot.add_ticket_keys()->set_name(std::string(16, 'n'));
    snapshot.mutable_ticket_keys(0)->set_secret(std::string(64, 's'));
    for (int profile = 1; profile <= 3; ++profile) {
      auto& listener = *snapshot.add_listeners();
      listener.mutable_listener()->set_address("127.0.0.1");
      listener.mutable_listener()->set_port(static_cast<uint32_t>(profile));
      listener.add_certificates("ecdsa");
      listener.add_certificates("rsa");
      listener.add_alpn("http/1.1");
      listener.set_profile(static_cast<aloha::worker::v1::TlsProfile>(profile));
    }
    auto built = aloha::tls::BuildConfig(snapshot, {}, 1, nullptr);
    Require(built.has_value());
    config = *built;
  }

  const TestCertificate ecdsa =
      TestCertificate::Make("ecdsa", NID_X9_62_prime256v1, {"*.example.org"});
  const TestCertificate rsa = TestCertificate::Make("rsa", 0, {"mail.example.org"});
  std::shared_ptr<const aloha::tls::RunningConfig> config;
};

// aloha-keys, in this process: signs when it is told to.
class LocalSigner final : public aloha::tls::Signer {
 public:
  explicit LocalSigner(const World& world) : world_(world) {}
  uint64_t Sign(const std::string& key, uint16_t scheme, std::string_view message,
                aloha::tls::SignatureWaiter& waiter) override {
    Require(waiter_ == nullptr);
    const bool ecdsa = key == world_.ecdsa.message.key();
    signature_ = (ecdsa ? world_.ecdsa : world_.rsa).Sign(scheme, std::string(message));
    waiter_ = &waiter;
    return 1;
  }
  void Forget(uint64_t) override { waiter_ = nullptr; }
  void Answer() { std::exchange(waiter_, nullptr)->OnSignature(std::move(signature_)); }

 private:
  const World& world_;
  aloha::tls::SignatureWaiter* waiter_ = nullptr;
  std::string signature_;
};

struct Owner final : aloha::tls::RemoteKey::Owner {
  void OnKeyReady() override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const World world;
  if (size < 2) return 0;
  const auto& listener = *world.config->listeners[data[0] % 3];
  const size_t piece = data[1] + size_t{1};
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  LocalSigner signer(world);
  Owner owner;
  const auto endpoint =
      Endpoint::Create(listener.context.get(), Endpoint::Side::kServer, signer, owner);
  Require(endpoint != nullptr);
  auto state = Endpoint::State::kReading;
  while (state == Endpoint::State::kReading && !bytes.empty()) {
    endpoint->in.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    state = endpoint->Run();
    while (state == Endpoint::State::kSigning) {
      signer.Answer();
      state = endpoint->Run();
    }
    // All is taken but what the end of the handshake leaves.
    Require(state != Endpoint::State::kReading || endpoint->in.empty());
  }
  Require(state != Endpoint::State::kFailed || !endpoint->reason().empty());
  aloha::handoff::v1::Connection connection;
  if (state == Endpoint::State::kDone) Require(endpoint->Export(connection).has_value());
  return 0;
}
