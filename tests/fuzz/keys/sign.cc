// Packets of SignRequests, as a captured aloha-tls might send them. A request without a key is for
// one that there is.
#include <cstdint>
#include <cstdlib>

#include "workers/keys/signer.h"

namespace aloha::keys {
namespace {

struct Subject {
  Subject() {
    auto table = std::make_shared<KeyTable>();
    for (const auto type : {worker::v1::KEY_TYPE_ECDSA_P256, worker::v1::KEY_TYPE_RSA_2048}) {
      auto held = std::make_shared<HeldKey>(std::move(*PrivateKey::Generate(type)));
      table->keys[held->key.hash()] = {held, true};
      keys.emplace_back(held->key.hash().begin(), held->key.hash().end());
    }
    signer.Use(table);
  }

  Log log{{.program = "fuzz", .level = LogLevel::kAccess}};
  Signer signer{log};
  std::vector<std::string> keys;
};

void Ask(Subject& subject, handoff::v1::SignRequest& request) {
  if (request.key().empty()) request.set_key(subject.keys[request.id() % subject.keys.size()]);
  const handoff::v1::SignResponse response = subject.signer.Answer(request, 0);
  if (response.signature().empty() == response.reason().empty()) abort();
  // No oracle: whatever is signed has the form of a handshake's message.
  if (!response.signature().empty() && !ClassifyMessage(request.message())) abort();
}

}  // namespace
}  // namespace aloha::keys

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* subject = new aloha::keys::Subject();
  aloha::handoff::v1::SignRequests requests;
  if (!requests.ParseFromArray(data, static_cast<int>(size))) return 0;
  for (auto& request : *requests.mutable_requests()) aloha::keys::Ask(*subject, request);
  return 0;
}
