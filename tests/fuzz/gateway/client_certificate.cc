// The certificate that a remote administrator's tool shows. A signature cannot be guessed, so
// whatever is a certificate is its own trust anchor as well.
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>

#include "wui/gateway/client_trust.h"

namespace {

constexpr int64_t kNow = 1'800'000'000;

void Check(const aloha::gateway::ClientTrust& trust, X509* certificate) {
  using aloha::gateway::ClientTrust;
  const auto who = trust.WhoIs(certificate, nullptr, kNow);
  if (who.subject.size() > ClientTrust::kMaxSubject) abort();
  if (!std::all_of(who.subject.begin(), who.subject.end(),
                   [](char letter) { return letter >= ' ' && letter <= '~'; }))
    abort();
  if (who.refused.empty() != who.text.empty()) abort();
  if (who.refused.empty() && (who.subject.empty() || who.not_after_s < kNow)) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint8_t* at = data;
  X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(size));
  if (certificate == nullptr) return 0;
  google::protobuf::RepeatedPtrField<std::string> anchors;
  anchors.Add(std::string(reinterpret_cast<const char*>(data), size));
  if (const auto trust = aloha::gateway::ClientTrust::Make(anchors)) Check(*trust, certificate);
  X509_free(certificate);
  return 0;
}
