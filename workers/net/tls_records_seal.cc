#include <openssl/aead.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "workers/net/tls_records.h"
#include "workers/net/tls_suites.h"

namespace aloha::net {
namespace {

constexpr size_t kHeader = SSL3_RT_HEADER_LENGTH;
// RFC 8446 section 4.6.3: update_not_requested.
constexpr uint8_t kKeyUpdate[] = {SSL3_MT_KEY_UPDATE, 0, 0, 1, SSL_KEY_UPDATE_NOT_REQUESTED};

// The bytes of the parts, in order.
class Reader {
 public:
  explicit Reader(const iovec* parts) : part_(parts) {}

  // `length` bytes that are there: where they lie, if they lie in one part, or else in `out`.
  const uint8_t* Read(size_t length, uint8_t* out) {
    if (Left() >= length) return Advance(length);
    for (size_t done = 0; done < length;) {
      const size_t step = std::min(length - done, Left());
      std::memcpy(out + done, Advance(step), step);
      done += step;
    }
    return out;
  }

 private:
  // Of the part that is next and not empty.
  size_t Left() {
    while (part_->iov_len == used_) {
      ++part_;
      used_ = 0;
    }
    return part_->iov_len - used_;
  }
  const uint8_t* Advance(size_t length) {
    const auto* const from = static_cast<const uint8_t*>(part_->iov_base) + used_;
    used_ += length;
    return from;
  }

  const iovec* part_;
  size_t used_ = 0;
};

}  // namespace

// Of a record, beside its plaintext.
size_t TlsRecords::Overhead() const {
  return kHeader + suite_.explicit_iv + suite_.overhead + (version_ == TLS1_3_VERSION ? 1 : 0);
}

size_t TlsRecords::RecordsOf(size_t plaintext, size_t record_bytes) const {
  return (plaintext + record_bytes - 1) / record_bytes + (SplitsFirst() ? 1 : 0);
}

// A client of TLS 1.0 seals one byte first: what an attacker chose for the rest then meets an IV
// that he cannot foretell ("BEAST"; RFC 4346 appendix F.3 names the attack).
bool TlsRecords::SplitsFirst() const { return client_ && suite_.chained(); }

size_t TlsRecords::SealedBound(size_t plaintext, size_t record_bytes) const {
  const size_t records = RecordsOf(plaintext, record_bytes);
  const size_t owed = version_ == TLS1_3_VERSION ? Overhead() + sizeof kKeyUpdate : 0;
  return plaintext + records * Overhead() + owed;
}

size_t TlsRecords::Seal(const iovec* parts, int count, size_t record_bytes, char* out) {
  size_t left = 0;
  for (int i = 0; i < count; ++i) left += parts[i].iov_len;
  // A KeyUpdate may come before them, an alert after them.
  const size_t records = RecordsOf(left, record_bytes) + 2;
  if (write_ended_ || kernel_sends_ || UINT64_MAX - write_.sequence < records) return 0;
  auto* const begin = reinterpret_cast<uint8_t*>(out);
  uint8_t* end = begin;
  if (write_.sequence >= kRenewKeyAt && version_ == TLS1_3_VERSION) key_update_owed_ = true;
  if (key_update_owed_) end += SealKeyUpdate(end);
  Reader reader(parts);
  size_t most = SplitsFirst() ? 1 : record_bytes;
  while (left > 0 && !write_ended_) {
    const size_t length = std::min(left, std::exchange(most, record_bytes));
    uint8_t* const body = end + kHeader + suite_.explicit_iv;
    end += SealRecord(SSL3_RT_APPLICATION_DATA, reader.Read(length, body), length, end);
    left -= length;
  }
  return write_ended_ ? 0 : end - begin;
}

// The new key is of use with the next record.
size_t TlsRecords::SealKeyUpdate(uint8_t* out) {
  const size_t size = SealRecord(SSL3_RT_HANDSHAKE, kKeyUpdate, sizeof kKeyUpdate, out);
  RenewKey(write_);
  key_update_owed_ = false;
  return size;
}

// RFC 8446 section 6.
std::array<uint8_t, 2> TlsRecords::AlertMessage(uint8_t description) {
  const uint8_t level = description == SSL_AD_CLOSE_NOTIFY ? SSL3_AL_WARNING : SSL3_AL_FATAL;
  return {level, description};
}

size_t TlsRecords::SealAlert(uint8_t description, char* out) {
  if (write_ended_ || kernel_sends_ || description == kNoAlert) return 0;
  if (write_.sequence == UINT64_MAX) return 0;
  const std::array<uint8_t, 2> alert = AlertMessage(description);
  const size_t size =
      SealRecord(SSL3_RT_ALERT, alert.data(), alert.size(), reinterpret_cast<uint8_t*>(out));
  closed_ = description == SSL_AD_CLOSE_NOTIFY && size > 0;
  write_ended_ = true;
  return size;
}

// Plaintext may lie where its ciphertext is going to. Returns the size of the record; 0: out of
// memory, the stream of records ends here.
size_t TlsRecords::SealRecord(uint8_t type, const uint8_t* plaintext, size_t length, uint8_t* out) {
  const bool v13 = version_ == TLS1_3_VERSION;
  const EVP_AEAD_CTX* const context = Context(write_);
  uint8_t* const explicit_iv = out + kHeader;
  uint8_t* const body = explicit_iv + suite_.explicit_iv;
  size_t tag_length = 0;
  if (context == nullptr || !EVP_AEAD_CTX_tag_len(context, &tag_length, length, v13 ? 1 : 0)) {
    write_ended_ = true;
    return 0;
  }
  const size_t body_length = suite_.explicit_iv + length + tag_length;
  out[0] = v13 ? uint8_t{SSL3_RT_APPLICATION_DATA} : type;
  out[1] = SSL3_VERSION_MAJOR;
  out[2] = static_cast<uint8_t>(v13 ? TLS1_2_VERSION : version_);
  out[3] = static_cast<uint8_t>(body_length >> 8);
  out[4] = static_cast<uint8_t>(body_length);
  ChooseIv(explicit_iv);
  uint8_t nonce[kMaxNonce], data[kMaxAdditionalData];
  const size_t nonce_length = Nonce(write_, explicit_iv, nonce);
  const size_t data_length = AdditionalData(write_, out, length, data);
  if (!EVP_AEAD_CTX_seal_scatter(context, body, body + length, &tag_length, tag_length, nonce,
                                 nonce_length, plaintext, length, &type, v13 ? 1 : 0, data,
                                 data_length)) {
    write_ended_ = true;
    return 0;
  }
  KeepIv(write_, out + kHeader, body_length);
  ++write_.sequence;
  return kHeader + body_length;
}

}  // namespace aloha::net
