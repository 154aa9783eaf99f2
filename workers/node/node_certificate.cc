#include "workers/node/node_certificate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace aloha::node {
namespace {

using std::string_view_literals::operator""sv;

// Tags of DER (X.690).
constexpr uint8_t kInteger = 0x02, kBitString = 0x03, kUtf8String = 0x0c, kUtcTime = 0x17,
                  kSequence = 0x30, kSet = 0x31, kVersion = 0xa0, kExtensions = 0xa3;

// Algorithm Ed25519 (RFC 8410 section 3).
constexpr auto kEd25519 = "\x30\x05\x06\x03\x2b\x65\x70"sv;
// Version 3.
constexpr auto kVersion3 = "\x02\x01\x02"sv;
// OBJECT IDENTIFIER id-at-commonName.
constexpr auto kCommonName = "\x06\x03\x55\x04\x03"sv;
// Algorithm id-ecPublicKey with secp256r1 (RFC 5480 section 2.1.1).
constexpr auto kP256 =
    "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;
// Critical: no authority; signs only; of use to our gateways alone (the UUID
// 6d1a9a4e-3c5f-4a57-9f0b-5b1f8c2d7e10 below 2.25, ITU-T X.667).
constexpr auto kExtensionList =
    "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"
    "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80"
    "\x30\x22\x06\x03\x55\x1d\x25\x01\x01\xff\x04\x18\x30\x16\x06\x14\x69\x81\xda\x9a"
    "\xcd\x93\xc7\xc5\xfa\xa9\xaf\x9f\x85\xd6\xe3\xf8\xe1\xb5\xfc\x10"sv;

constexpr auto kSubject = "aloha-gateway"sv;
constexpr size_t kKeyDigits = 64;
constexpr size_t kTimeBytes = 13;

// What has a length: below 128 in one byte, below 65,536 in three.
std::string Element(uint8_t tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else if (content.size() < 0x100) {
    out += '\x81';
    out += static_cast<char>(content.size());
  } else {
    out += '\x82';
    out += static_cast<char>(content.size() >> 8);
    out += static_cast<char>(content.size() & 0xff);
  }
  return out.append(content);
}

template <size_t kSize>
std::string_view Text(const std::array<uint8_t, kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Name(std::string_view common_name) {
  return Element(kSequence,
                 Element(kSet, Element(kSequence, fmt::format("{}{}", kCommonName,
                                                              Element(kUtf8String, common_name)))));
}

std::string Time(int64_t seconds) {
  return Element(kUtcTime, fmt::format("{:%y%m%d%H%M%S}Z", fmt::gmtime(time_t{seconds})));
}

// 0 stands before the bits: none is unused.
std::string Bits(std::string_view bytes) {
  return Element(kBitString, std::string(1, '\0').append(bytes));
}

std::optional<int64_t> ReadTime(std::string_view text) {
  int values[6] = {};
  for (size_t i = 0; i + 1 < kTimeBytes; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    values[i / 2] = values[i / 2] * 10 + (text[i] - '0');
  }
  const auto [year, month, day, hour, minute, second] = values;
  const std::chrono::year_month_day date{std::chrono::year(2000 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto time = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second);
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

// Takes the next `size` bytes that `whole` has behind the next `before`.
class Cursor {
 public:
  explicit Cursor(std::string_view whole) : whole_(whole) {}

  std::string_view Skip(size_t before, size_t size) {
    const std::string_view taken = whole_.substr(before, size);
    whole_.remove_prefix(before + size);
    return taken;
  }

 private:
  std::string_view whole_;
};

template <size_t kSize>
void Copy(std::string_view from, std::array<uint8_t, kSize>& to) {
  std::memcpy(to.data(), from.data(), kSize);
}

Error NotOurs() {
  return {Code::kInvalidArgument, "the certificate is not one that aloha-keys makes for nodes"};
}

}  // namespace

std::string Hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::string EncodeUnsigned(const NodeCertificate& certificate) {
  std::string content = Element(kVersion, kVersion3);
  content += Element(kInteger, Text(certificate.serial));
  content += kEd25519;
  content += Name(Hex(certificate.node_key));
  content += Element(kSequence, Time(certificate.not_before_s) + Time(certificate.not_after_s));
  content += Name(kSubject);
  content += Element(kSequence, fmt::format("{}{}", kP256, Bits(Text(certificate.tls_key))));
  content += Element(kExtensions, Element(kSequence, kExtensionList));
  return Element(kSequence, content);
}

std::string EncodeSigned(const NodeCertificate& certificate, const Signature& signature) {
  return Element(kSequence, fmt::format("{}{}{}", EncodeUnsigned(certificate), kEd25519,
                                        Bits(Text(signature))));
}

Result<NodeCertificate> ReadNodeCertificate(std::string_view der) {
  static const size_t kBytes = EncodeSigned({}, {}).size();
  if (der.size() != kBytes) return tl::make_unexpected(NotOurs());
  // Between what varies stand headers, each of 2 bytes but for the outermost two of 4.
  constexpr size_t kBeforeSerial = 4 + 4 + 5 + 2;
  constexpr size_t kBeforeIssuer = kEd25519.size() + 2 + 2 + 2 + kCommonName.size() + 2;
  constexpr size_t kBeforeKey =
      2 + 2 + 2 + kCommonName.size() + 2 + kSubject.size() + 2 + kP256.size() + 3;
  NodeCertificate out;
  Cursor cursor(der);
  Copy(cursor.Skip(kBeforeSerial, out.serial.size()), out.serial);
  const std::string_view issuer = cursor.Skip(kBeforeIssuer, kKeyDigits);
  const auto not_before = ReadTime(cursor.Skip(2 + 2, kTimeBytes));
  const auto not_after = ReadTime(cursor.Skip(2, kTimeBytes));
  Copy(cursor.Skip(kBeforeKey, out.tls_key.size()), out.tls_key);
  Signature signature{};
  Copy(der.substr(der.size() - signature.size()), signature);
  size_t length = 0;
  if (!not_before || !not_after ||
      sodium_hex2bin(out.node_key.data(), out.node_key.size(), issuer.data(), issuer.size(),
                     nullptr, &length, nullptr) != 0 ||
      length != out.node_key.size()) {
    return tl::make_unexpected(NotOurs());
  }
  out.not_before_s = *not_before;
  out.not_after_s = *not_after;
  // Whatever else stands there must be what we would write.
  if (EncodeSigned(out, signature) != der) return tl::make_unexpected(NotOurs());
  const std::string text = EncodeUnsigned(out);
  if (crypto_sign_verify_detached(signature.data(), reinterpret_cast<const uint8_t*>(text.data()),
                                  text.size(), out.node_key.data()) != 0) {
    return Fail(Code::kInvalidArgument, "the certificate was not made by the node that it names");
  }
  return out;
}

Result<> CheckTimes(const NodeCertificate& certificate, int64_t now_s) {
  const auto tell = [](int64_t seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(time_t{seconds}));
  };
  if (now_s < certificate.not_before_s) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("the other node's certificate is valid from {} on, and it is {} here: "
                            "one of the two clocks is wrong",
                            tell(certificate.not_before_s), tell(now_s)));
  }
  if (now_s > certificate.not_after_s) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("the other node's certificate ended at {}, and it is {} here: one of "
                            "the two clocks is wrong",
                            tell(certificate.not_after_s), tell(now_s)));
  }
  return {};
}

Result<NodeKey> ToNodeKey(std::string_view bytes) {
  NodeKey key{};
  if (bytes.size() != key.size()) return Fail(Code::kInvalidArgument, "not a node key");
  Copy(bytes, key);
  return key;
}

std::string Fingerprint(const NodeKey& key) {
  std::array<uint8_t, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), key.data(), key.size());
  return Hex(std::span(hash).first(16));
}

}  // namespace aloha::node
