#include "workers/net/tls_records.h"

#include <openssl/aead.h>
#include <openssl/hkdf.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "workers/net/tls_context_cache.h"
#include "workers/net/tls_suites.h"

namespace aloha::net {
namespace {

using handoff::v1::TrafficKeys;

void PutSequence(uint64_t sequence, uint8_t* out) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(sequence >> (56 - 8 * i));
}

// HKDF-Expand-Label with no context, RFC 8446 section 7.1. At most 255 bytes.
void ExpandLabel(const EVP_MD* hash, const uint8_t* secret, std::string_view label, uint8_t* out,
                 size_t length) {
  constexpr std::string_view kPrefix = "tls13 ";
  uint8_t info[32];
  uint8_t* end = info;
  *end++ = 0;
  *end++ = static_cast<uint8_t>(length);
  *end++ = static_cast<uint8_t>(kPrefix.size() + label.size());
  end = std::copy(kPrefix.begin(), kPrefix.end(), end);
  end = std::copy(label.begin(), label.end(), end);
  *end++ = 0;
  HKDF_expand(out, length, hash, secret, EVP_MD_size(hash), info, end - info);
}

Result<> Check(const TlsSuite& suite, const TrafficKeys& keys) {
  const auto fail = [](const char* field) {
    return Fail(Code::kInvalidArgument, std::string("length of ") + field, field);
  };
  if (suite.hash != nullptr) {
    if (keys.read_secret().size() != suite.secret()) return fail("read_secret");
    if (keys.write_secret().size() != suite.secret()) return fail("write_secret");
    return {};
  }
  if (keys.key_block().size() != 2u * (suite.mac_key + suite.key + suite.iv)) {
    return fail("key_block");
  }
  if (!suite.chained()) return {};
  if (keys.read_iv().size() != suite.iv) return fail("read_iv");
  if (keys.write_iv().size() != suite.iv) return fail("write_iv");
  return {};
}

}  // namespace

Result<std::unique_ptr<TlsRecords>> TlsRecords::Create(const TrafficKeys& keys,
                                                       TlsContextCache& cache) {
  if (keys.version() < TLS1_VERSION || keys.version() > TLS1_3_VERSION) {
    return Fail(Code::kInvalidArgument, "unknown version", "version");
  }
  const TlsSuite* const suite =
      keys.cipher() <= 0xffff ? FindTlsSuite(keys.cipher(), keys.version()) : nullptr;
  if (suite == nullptr) {
    return Fail(Code::kInvalidArgument, "no cipher suite of this version", "cipher");
  }
  if (auto checked = Check(*suite, keys); !checked) return tl::make_unexpected(checked.error());
  return std::unique_ptr<TlsRecords>(new TlsRecords(*suite, keys, cache));
}

TlsRecords::TlsRecords(const TlsSuite& suite, const TrafficKeys& keys, TlsContextCache& cache)
    : cache_(cache), suite_(suite), version_(keys.version()), client_(keys.client()) {
  if (version_ == TLS1_3_VERSION) {
    std::copy(keys.read_secret().begin(), keys.read_secret().end(), read_.keys.begin());
    std::copy(keys.write_secret().begin(), keys.write_secret().end(), write_.keys.begin());
    DeriveKey(read_);
    DeriveKey(write_);
  } else {
    SplitKeyBlock(keys);
  }
  read_.sequence = keys.read_sequence();
  write_.sequence = keys.write_sequence();
}

TlsRecords::~TlsRecords() {
  cache_.Return(contexts_);
  OPENSSL_cleanse(&read_, sizeof read_);
  OPENSSL_cleanse(&write_, sizeof write_);
}

// RFC 5246 section 6.3: what the client writes with, then what the server writes with, of each
// kind.
void TlsRecords::SplitKeyBlock(const TrafficKeys& keys) {
  const auto* block = reinterpret_cast<const uint8_t*>(keys.key_block().data());
  Direction* const directions[] = {client_ ? &write_ : &read_, client_ ? &read_ : &write_};
  size_t place = 0;
  for (const size_t length : {suite_.mac_key, suite_.key}) {
    for (Direction* const direction : directions) {
      std::copy_n(block, length, direction->keys.data() + place);
      block += length;
    }
    place += length;
  }
  if (suite_.chained()) {
    std::copy(keys.read_iv().begin(), keys.read_iv().end(), read_.keys.begin() + place);
    std::copy(keys.write_iv().begin(), keys.write_iv().end(), write_.keys.begin() + place);
    return;
  }
  for (Direction* const direction : directions) {
    std::copy_n(block, suite_.iv, direction->iv.data());
    block += suite_.iv;
  }
}

// RFC 8446 section 7.3.
void TlsRecords::DeriveKey(Direction& direction) {
  const uint8_t* const secret = direction.keys.data();
  ExpandLabel(suite_.hash(), secret, "key", KeyOf(direction), suite_.key);
  ExpandLabel(suite_.hash(), secret, "iv", direction.iv.data(), suite_.iv);
}

// RFC 8446 section 7.2.
void TlsRecords::RenewKey(Direction& direction) {
  uint8_t next[Direction::kMaxSecret];
  ExpandLabel(suite_.hash(), direction.keys.data(), "traffic upd", next, suite_.secret());
  std::copy_n(next, suite_.secret(), direction.keys.data());
  OPENSSL_cleanse(next, sizeof next);
  DeriveKey(direction);
  direction.sequence = 0;
  ClearContext(direction);
}

void TlsRecords::ClearContext(const Direction& direction) {
  if (contexts_ == nullptr) return;
  TlsContextCache::Clear(&direction == &read_ ? contexts_->open : contexts_->seal);
}

uint8_t* TlsRecords::KeyOf(Direction& direction) {
  return direction.keys.data() + (version_ == TLS1_3_VERSION ? Direction::kKeyOffset : 0);
}

// Null: out of memory.
const EVP_AEAD_CTX* TlsRecords::Context(Direction& direction) {
  TlsContextPair& pair = cache_.Borrow(contexts_);
  const bool reads = &direction == &read_;
  EVP_AEAD_CTX& context = reads ? pair.open : pair.seal;
  if (EVP_AEAD_CTX_aead(&context) != nullptr) return &context;
  const bool done = EVP_AEAD_CTX_init_with_direction(&context, suite_.aead(), KeyOf(direction),
                                                     suite_.aead_key(), EVP_AEAD_DEFAULT_TAG_LENGTH,
                                                     reads ? evp_aead_open : evp_aead_seal);
  return done ? &context : nullptr;
}

void TlsRecords::KeepIv(Direction& direction, const uint8_t* ciphertext, size_t length) {
  if (!suite_.chained()) return;
  std::copy_n(ciphertext + length - suite_.iv, suite_.iv,
              direction.keys.data() + suite_.mac_key + suite_.key);
}

// RFC 5288 section 3: the sequence number serves, never used twice. RFC 4346 section 6.2.3.2: CBC
// needs what nobody can foretell.
void TlsRecords::ChooseIv(uint8_t* explicit_iv) const {
  if (suite_.cbc()) {
    RAND_bytes(explicit_iv, suite_.explicit_iv);
  } else if (suite_.explicit_iv != 0) {
    PutSequence(write_.sequence, explicit_iv);
  }
}

// RFC 5288 section 3: what goes with the record follows the IV. RFC 8446 section 5.3 and RFC 7905
// section 2: the sequence number is added to it.
size_t TlsRecords::Nonce(const Direction& direction, const uint8_t* explicit_iv,
                         uint8_t* nonce) const {
  if (suite_.chained()) return 0;
  std::copy_n(direction.iv.data(), suite_.iv, nonce);
  std::copy_n(explicit_iv, suite_.explicit_iv, nonce + suite_.iv);
  if (suite_.explicit_iv == 0) {
    uint8_t sequence[8];
    PutSequence(direction.sequence, sequence);
    for (size_t i = 0; i < sizeof sequence; ++i) nonce[4 + i] ^= sequence[i];
  }
  return suite_.iv + suite_.explicit_iv;
}

// RFC 8446 section 5.2; RFC 5246 section 6.2.3.3. CBC's AEADs put in the length themselves.
size_t TlsRecords::AdditionalData(const Direction& direction, const uint8_t* header,
                                  size_t plaintext, uint8_t* data) const {
  if (version_ == TLS1_3_VERSION) {
    std::memcpy(data, header, 5);
    return 5;
  }
  PutSequence(direction.sequence, data);
  std::memcpy(data + 8, header, 3);
  if (suite_.cbc()) return 11;
  data[11] = static_cast<uint8_t>(plaintext >> 8);
  data[12] = static_cast<uint8_t>(plaintext);
  return 13;
}

uint16_t TlsRecords::cipher() const { return suite_.cipher; }

}  // namespace aloha::net
