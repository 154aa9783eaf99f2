// Both ends of a record layer, for tests.
#ifndef ALOHA_TESTS_UNIT_NET_TLS_RECORDS_SUPPORT_H_
#define ALOHA_TESTS_UNIT_NET_TLS_RECORDS_SUPPORT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workers/net/tls_context_cache.h"
#include "workers/net/tls_records.h"

namespace aloha::net {

struct TlsKind {
  uint16_t version, cipher;
};
// Every suite that is known, in every version it belongs to.
std::vector<TlsKind> AllTlsKinds();
std::string TlsKindName(const TlsKind& kind);

// Keys of one side of a connection; the other side's go with them.
handoff::v1::TrafficKeys MakeTlsKeys(const TlsKind& kind, bool client);

std::string SealParts(TlsRecords& records, const std::vector<std::string_view>& parts,
                      size_t record_bytes = TlsRecords::kMaxPlaintext);
std::string SealText(TlsRecords& records, std::string_view text,
                     size_t record_bytes = TlsRecords::kMaxPlaintext);
std::string SealAlert(TlsRecords& records, uint8_t description);

struct OpenedText {
  TlsRecords::Opened opened;
  std::string text;
};
OpenedText OpenBytes(TlsRecords& records, std::string_view wire, size_t room = 1 << 20);
// Opens it in pieces of `step` bytes, as they would come from a socket.
OpenedText OpenSlowly(TlsRecords& records, std::string_view wire, size_t step);

// A TLS 1.3 record of TLS_AES_128_GCM_SHA256 with anything inside: content, type and padding.
std::string RawRecord(std::string_view secret, uint64_t sequence, std::string_view inner);
// The traffic secret that follows.
std::string NextSecret(std::string_view secret);
// A TLS 1.2 record of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, of any type.
std::string RawRecord12(std::string_view key_block, bool from_client, uint64_t sequence, char type,
                        std::string_view content);

// Server and client of one connection, with a cache of their own.
struct TlsRecordsPair {
  explicit TlsRecordsPair(const TlsKind& kind) : TlsRecordsPair(kind, 0) {}
  TlsRecordsPair(const TlsKind& kind, uint64_t sequence);

  TlsContextCache cache;
  std::unique_ptr<TlsRecords> client, server;
};

}  // namespace aloha::net

#endif  // ALOHA_TESTS_UNIT_NET_TLS_RECORDS_SUPPORT_H_
