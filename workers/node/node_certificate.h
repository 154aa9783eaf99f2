// The certificate that aloha-gateway shows to the other node: made by aloha-keys for a key that the
// gateway made in memory, signed with the node key, valid for a day.
//
// It is X.509 (RFC 5280) of one fixed form, the same length always; what varies is the serial
// number, the times, the gateway's key, and the node key, whose hexadecimal digits are the issuer's
// name. It names no server, and its extended key usage is one of ours, marked critical: nobody but
// the other node takes it for anything. A certificate of any other form is refused, so nothing of
// it is parsed but what stands at fixed places.
#ifndef ALOHA_WORKERS_NODE_NODE_CERTIFICATE_H_
#define ALOHA_WORKERS_NODE_NODE_CERTIFICATE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::node {

// Ed25519 (RFC 8032).
using NodeKey = std::array<uint8_t, 32>;
// ECDSA P-256, an uncompressed point (SEC 1 section 2.3.3).
using TlsPoint = std::array<uint8_t, 65>;
using Signature = std::array<uint8_t, 64>;

struct NodeCertificate {
  NodeKey node_key{};
  TlsPoint tls_key{};
  std::array<uint8_t, 16> serial{};  // the first byte is 0x40 to 0x7f
  int64_t not_before_s = 0;          // seconds since 1970-01-01 UTC, from 2000 to 2049
  int64_t not_after_s = 0;
};

// How long one is valid, and how far clocks may differ before that is noticed.
inline constexpr std::chrono::seconds kValidity = std::chrono::hours(24);
inline constexpr std::chrono::seconds kClockTolerance = std::chrono::hours(1);

// What is signed (TBSCertificate).
std::string EncodeUnsigned(const NodeCertificate& certificate);
// The whole, in DER.
std::string EncodeSigned(const NodeCertificate& certificate, const Signature& signature);

// Reads one and verifies that the node key in it made it. kInvalidArgument: it is of another form,
// or was not made by that key. The times are not looked at.
Result<NodeCertificate> ReadNodeCertificate(std::string_view der);

// kFailedPrecondition, for people, when it is not valid at `now_s`.
Result<> CheckTimes(const NodeCertificate& certificate, int64_t now_s);

// Lower-case hexadecimal.
std::string Hex(std::span<const uint8_t> bytes);

// 32 bytes; nothing when it has another length.
Result<NodeKey> ToNodeKey(std::string_view bytes);

// How people compare node keys: the first 16 bytes of the key's SHA-256, in hexadecimal digits.
std::string Fingerprint(const NodeKey& key);

}  // namespace aloha::node

#endif  // ALOHA_WORKERS_NODE_NODE_CERTIFICATE_H_
