#include "tests/unit/net/tls_records_support.h"

#include <gtest/gtest.h>
#include <openssl/aead.h>
#include <openssl/hkdf.h>

#include <algorithm>

#include "workers/net/tls_suites.h"

namespace aloha::net {
namespace {

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

std::string Pattern(size_t length, int seed) {
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>(seed = (seed * 73 + 41) & 0xffff);
  return text;
}

std::string ExpandLabel(std::string_view secret, std::string_view label, size_t length) {
  std::string info = {'\0', static_cast<char>(length), static_cast<char>(6 + label.size())};
  info.append("tls13 ").append(label).push_back('\0');
  std::string out(length, '\0');
  HKDF_expand(reinterpret_cast<uint8_t*>(out.data()), length, EVP_sha256(), Bytes(secret),
              secret.size(), Bytes(info), info.size());
  return out;
}

// Big-endian, of so many bytes.
std::string Number(uint64_t value, int bytes) {
  std::string out;
  while (bytes > 0) out.push_back(static_cast<char>(value >> (8 * --bytes)));
  return out;
}

std::string SealGcm(std::string_view key, std::string_view nonce, std::string_view plaintext,
                    std::string_view data) {
  std::string out(plaintext.size() + 16, '\0');
  bssl::ScopedEVP_AEAD_CTX context;
  size_t sealed = 0;
  EXPECT_TRUE(EVP_AEAD_CTX_init(context.get(), EVP_aead_aes_128_gcm(), Bytes(key), 16, 0, nullptr));
  EXPECT_TRUE(EVP_AEAD_CTX_seal(context.get(), reinterpret_cast<uint8_t*>(out.data()), &sealed,
                                out.size(), Bytes(nonce), 12, Bytes(plaintext), plaintext.size(),
                                Bytes(data), data.size()));
  return out;
}

}  // namespace

std::vector<TlsKind> AllTlsKinds() {
  std::vector<TlsKind> kinds;
  for (const uint16_t version : {0x0304, 0x0303, 0x0302, 0x0301}) {
    for (int cipher = 0; cipher <= 0xffff; ++cipher) {
      if (FindTlsSuite(cipher, version) != nullptr) {
        kinds.push_back({version, static_cast<uint16_t>(cipher)});
      }
    }
  }
  return kinds;
}

std::string TlsKindName(const TlsKind& kind) {
  std::string name(TlsVersionName(kind.version));
  std::erase(name, '.');
  return name.append("_").append(TlsCipherName(kind.cipher));
}

handoff::v1::TrafficKeys MakeTlsKeys(const TlsKind& kind, bool client) {
  handoff::v1::TrafficKeys keys;
  keys.set_version(kind.version);
  keys.set_cipher(kind.cipher);
  keys.set_client(client);
  const TlsSuite& suite = *FindTlsSuite(kind.cipher, kind.version);
  if (suite.hash != nullptr) {
    keys.set_read_secret(Pattern(suite.secret(), client ? 2 : 1));
    keys.set_write_secret(Pattern(suite.secret(), client ? 1 : 2));
    return keys;
  }
  keys.set_key_block(Pattern(2 * (suite.mac_key + suite.key + suite.iv), 3));
  if (suite.chained()) {
    keys.set_read_iv(Pattern(suite.iv, client ? 5 : 4));
    keys.set_write_iv(Pattern(suite.iv, client ? 4 : 5));
  }
  return keys;
}

std::string SealParts(TlsRecords& records, const std::vector<std::string_view>& parts,
                      size_t record_bytes) {
  std::vector<iovec> vectors;
  size_t size = 0;
  for (const std::string_view part : parts) {
    vectors.push_back({const_cast<char*>(part.data()), part.size()});
    size += part.size();
  }
  std::string wire(records.SealedBound(size, record_bytes), '\0');
  const size_t length =
      records.Seal(vectors.data(), static_cast<int>(vectors.size()), record_bytes, wire.data());
  EXPECT_LE(length, wire.size());
  wire.resize(length);
  return wire;
}

std::string SealText(TlsRecords& records, std::string_view text, size_t record_bytes) {
  return SealParts(records, {text}, record_bytes);
}

std::string SealAlert(TlsRecords& records, uint8_t description) {
  std::string wire(records.SealedBound(2, 2), '\0');
  wire.resize(records.SealAlert(description, wire.data()));
  return wire;
}

OpenedText OpenBytes(TlsRecords& records, std::string_view wire, size_t room) {
  // Exactly as much memory as is named: a sanitizer sees what goes past it.
  const std::vector<char> in(wire.begin(), wire.end());
  std::vector<char> out(room);
  OpenedText result;
  result.opened = records.Open(in.data(), in.size(), out.data(), room);
  EXPECT_LE(result.opened.consumed, wire.size());
  EXPECT_LE(result.opened.produced, room);
  result.text.assign(out.data(), result.opened.produced);
  return result;
}

OpenedText OpenSlowly(TlsRecords& records, std::string_view wire, size_t step) {
  OpenedText all;
  size_t begin = 0, end = 0;
  bool progress = true;
  while (all.opened.kind == TlsRecords::Opened::Kind::kData && (progress || end < wire.size())) {
    if (!progress) end = std::min(end + step, wire.size());
    const size_t room = std::min(end - begin, TlsRecords::kMaxPlaintext);
    OpenedText some = OpenBytes(records, wire.substr(begin, end - begin), room);
    progress = some.opened.consumed > 0;
    begin += some.opened.consumed;
    all.text += some.text;
    all.opened = some.opened;
    all.opened.consumed = begin;
    all.opened.produced = all.text.size();
  }
  return all;
}

std::string RawRecord(std::string_view secret, uint64_t sequence, std::string_view inner) {
  const std::string key = ExpandLabel(secret, "key", 16);
  std::string nonce = ExpandLabel(secret, "iv", 12);
  const std::string number = Number(sequence, 8);
  for (int i = 0; i < 8; ++i) nonce[4 + i] ^= number[i];
  const std::string header = "\x17\x03\x03" + Number(inner.size() + 16, 2);
  return header + SealGcm(key, nonce, inner, header);
}

std::string NextSecret(std::string_view secret) {
  return ExpandLabel(secret, "traffic upd", secret.size());
}

std::string RawRecord12(std::string_view key_block, bool from_client, uint64_t sequence, char type,
                        std::string_view content) {
  const std::string_view key = key_block.substr(from_client ? 0 : 16, 16);
  const std::string_view iv = key_block.substr(from_client ? 32 : 36, 4);
  const std::string explicit_iv = "anything";
  const std::string header = type + std::string("\x03\x03");
  const std::string sealed = SealGcm(key, std::string(iv) + explicit_iv, content,
                                     Number(sequence, 8) + header + Number(content.size(), 2));
  return header + Number(8 + sealed.size(), 2) + explicit_iv + sealed;
}

TlsRecordsPair::TlsRecordsPair(const TlsKind& kind, uint64_t sequence) {
  for (const bool is_client : {false, true}) {
    handoff::v1::TrafficKeys keys = MakeTlsKeys(kind, is_client);
    keys.set_read_sequence(sequence);
    keys.set_write_sequence(sequence);
    (is_client ? client : server) = TlsRecords::Create(keys, cache).value();
  }
}

}  // namespace aloha::net
