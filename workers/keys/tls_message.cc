#include "workers/keys/tls_message.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace aloha::keys {
namespace {

constexpr size_t kSpaces = 64;
constexpr std::string_view kServerContext{"TLS 1.3, server CertificateVerify\0", 34};
constexpr std::string_view kClientContext{"TLS 1.3, client CertificateVerify\0", 34};

bool IsCertificateVerify(std::string_view message) {
  if (message.size() < kSpaces) return false;
  if (message.substr(0, kSpaces).find_first_not_of(' ') != std::string_view::npos) return false;
  message.remove_prefix(kSpaces);
  if (!message.starts_with(kServerContext) && !message.starts_with(kClientContext)) return false;
  const size_t hash = message.size() - kServerContext.size();
  return hash == 32 || hash == 48;
}

struct Curve {
  uint8_t number;     // NamedCurve, whose first byte is 0 for all of these
  uint8_t num_bytes;  // of a public key
  bool is_point;      // an uncompressed point, which begins with 4
};
constexpr std::array kCurves = {Curve{23, 65, true},    // secp256r1
                                Curve{24, 97, true},    // secp384r1
                                Curve{25, 133, true},   // secp521r1
                                Curve{29, 32, false},   // x25519
                                Curve{30, 56, false}};  // x448

bool IsServerKeyExchange(std::string_view message) {
  constexpr size_t kRandoms = 64, kHeader = 4;
  constexpr char kNamedCurve = 3;
  if (message.size() < kRandoms + kHeader) return false;
  message.remove_prefix(kRandoms);
  if (message[0] != kNamedCurve || message[1] != 0) return false;
  const auto number = static_cast<uint8_t>(message[2]);
  const auto* curve = std::find_if(kCurves.begin(), kCurves.end(),
                                   [number](const Curve& c) { return c.number == number; });
  if (curve == kCurves.end() || static_cast<uint8_t>(message[3]) != curve->num_bytes) return false;
  message.remove_prefix(kHeader);
  return message.size() == curve->num_bytes && (!curve->is_point || message[0] == 4);
}

constexpr std::array kSchemes = {
    Scheme{0x0403, Padding::kNone, Hash::kSha256, true, KeyKind::kP256},
    Scheme{0x0503, Padding::kNone, Hash::kSha384, true, KeyKind::kP384},
    Scheme{0x0804, Padding::kPss, Hash::kSha256, true, KeyKind::kRsa},
    Scheme{0x0805, Padding::kPss, Hash::kSha384, true, KeyKind::kRsa},
    Scheme{0x0806, Padding::kPss, Hash::kSha512, true, KeyKind::kRsa},
    Scheme{0x0401, Padding::kPkcs1, Hash::kSha256, false, KeyKind::kRsa},
    Scheme{0x0501, Padding::kPkcs1, Hash::kSha384, false, KeyKind::kRsa},
    Scheme{0x0601, Padding::kPkcs1, Hash::kSha512, false, KeyKind::kRsa},
    // For clients of TLS 1.0 to 1.2 that know nothing newer.
    Scheme{0x0201, Padding::kPkcs1, Hash::kSha1, false, KeyKind::kRsa},
    Scheme{0x0203, Padding::kNone, Hash::kSha1, false, KeyKind::kP256},
    Scheme{0xff01, Padding::kPkcs1, Hash::kMd5Sha1, false, KeyKind::kRsa},
};

}  // namespace

std::optional<MessageForm> ClassifyMessage(std::string_view message) {
  if (IsCertificateVerify(message)) return MessageForm::kCertificateVerify;
  if (IsServerKeyExchange(message)) return MessageForm::kServerKeyExchange;
  return std::nullopt;
}

Result<const Scheme*> CheckRequest(uint32_t scheme, std::string_view message, KeyKind kind) {
  const std::optional<MessageForm> form = ClassifyMessage(message);
  if (!form) return Fail(Code::kInvalidArgument, "not a TLS signature");
  const auto* found = std::find_if(kSchemes.begin(), kSchemes.end(),
                                   [scheme](const Scheme& s) { return s.number == scheme; });
  if (found == kSchemes.end()) return Fail(Code::kInvalidArgument, "unknown signature scheme");
  const bool tls13 = *form == MessageForm::kCertificateVerify;
  if (tls13 && !found->tls13)
    return Fail(Code::kInvalidArgument, "the scheme is not one of TLS 1.3");
  const bool rsa = kind == KeyKind::kRsa;
  const bool fits = rsa == (found->padding != Padding::kNone);
  // Before TLS 1.3 an ECDSA scheme says nothing of the curve.
  if (!fits || (tls13 && !rsa && found->curve != kind))
    return Fail(Code::kInvalidArgument, "the scheme does not fit the key");
  return &*found;
}

}  // namespace aloha::keys
