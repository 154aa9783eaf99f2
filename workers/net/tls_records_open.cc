#include <openssl/aead.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "workers/net/tls_context_cache.h"
#include "workers/net/tls_records.h"
#include "workers/net/tls_suites.h"

namespace aloha::net {
namespace {

constexpr size_t kHeader = SSL3_RT_HEADER_LENGTH;

// "the other side sent …", RFC 8446 section 6 and, for those that only older versions have, RFC
// 5246 section 7.2.
const char* AlertReason(uint8_t description) {
  switch (description) {
    case 10:
      return "alert unexpected_message came";
    case 20:
      return "alert bad_record_mac came";
    case 21:
      return "alert decryption_failed came";
    case 22:
      return "alert record_overflow came";
    case 30:
      return "alert decompression_failure came";
    case 40:
      return "alert handshake_failure came";
    case 42:
      return "alert bad_certificate came";
    case 43:
      return "alert unsupported_certificate came";
    case 44:
      return "alert certificate_revoked came";
    case 45:
      return "alert certificate_expired came";
    case 46:
      return "alert certificate_unknown came";
    case 47:
      return "alert illegal_parameter came";
    case 48:
      return "alert unknown_ca came";
    case 49:
      return "alert access_denied came";
    case 50:
      return "alert decode_error came";
    case 51:
      return "alert decrypt_error came";
    case 70:
      return "alert protocol_version came";
    case 71:
      return "alert insufficient_security came";
    case 80:
      return "alert internal_error came";
    case 86:
      return "alert inappropriate_fallback came";
    case 100:
      return "alert no_renegotiation came";
    case 109:
      return "alert missing_extension came";
    case 110:
      return "alert unsupported_extension came";
    case 112:
      return "alert unrecognized_name came";
    case 113:
      return "alert bad_certificate_status_response came";
    case 115:
      return "alert unknown_psk_identity came";
    case 116:
      return "alert certificate_required came";
    case 120:
      return "alert no_application_protocol came";
    default:
      return "unknown alert came";
  }
}

bool IsKnownType(uint8_t type) {
  return type == SSL3_RT_APPLICATION_DATA || type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT;
}

}  // namespace

// A record on its way: TLSCiphertext first, then TLSPlaintext.
struct TlsRecords::Record {
  uint8_t type;           // in TLS 1.3 the inner one, once it is known
  const uint8_t* header;  // kHeader bytes
  const uint8_t* body;    // behind the header, explicit IV included
  size_t body_length;
  size_t room;  // most plaintext that it can hold
  const uint8_t* content;
  size_t length;  // of content
};

TlsRecords::Opened TlsRecords::Open(const char* in, size_t size, char* out, size_t room) {
  Opened opened;
  Record record;
  bool whole = true;
  while (broken_ == nullptr && !read_ended_ && whole && size - opened.consumed >= kHeader) {
    const size_t left = size - opened.consumed;
    if (!ReadHeader(in + opened.consumed, record)) break;
    whole = left >= kHeader + record.body_length && record.room <= room - opened.produced;
    if (!whole) break;
    auto* const target = reinterpret_cast<uint8_t*>(out) + opened.produced;
    if (!Decrypt(record, target, room - opened.produced)) break;
    const std::string_view content(out + opened.produced, record.length);
    if (!Take(record.type, content, opened)) break;
    opened.consumed += kHeader + record.body_length;
  }
  Conclude(opened);
  if (opened.kind == Opened::Kind::kClosed) opened.consumed = size;
  return opened;
}

void TlsRecords::Conclude(Opened& opened) const {
  if (broken_ != nullptr) {
    opened.kind = Opened::Kind::kFailed;
    opened.alert = alert_;
    opened.reason = broken_;
  } else if (read_ended_) {
    opened.kind = Opened::Kind::kClosed;
  }
}

// What is wrong with a header shows before the rest of the record is there.
bool TlsRecords::ReadHeader(const char* in, Record& record) {
  const auto* const header = reinterpret_cast<const uint8_t*>(in);
  const bool v13 = version_ == TLS1_3_VERSION;
  record.type = header[0];
  record.header = header;
  record.body = header + kHeader;
  record.body_length = size_t{header[3]} << 8 | header[4];
  // TLS 1.3 sends the records of every type, once there are keys, as application data.
  if (v13 ? record.type != SSL3_RT_APPLICATION_DATA : !IsKnownType(record.type)) {
    return Break(SSL_AD_UNEXPECTED_MESSAGE, "record of a type that has no place here");
  }
  if ((header[1] << 8 | header[2]) != (v13 ? TLS1_2_VERSION : version_)) {
    return Break(SSL_AD_PROTOCOL_VERSION, "record of another version");
  }
  // Around the content. CBC may be padded as far as a record goes (RFC 5246 section 6.2.3).
  const size_t least = suite_.cbc() ? suite_.explicit_iv + suite_.mac_key + 1
                                    : suite_.explicit_iv + suite_.overhead + (v13 ? 1 : 0);
  const size_t most = kMaxPlaintext + (suite_.cbc() ? 2048 : least);
  if (record.body_length > most) return Break(SSL_AD_RECORD_OVERFLOW, "record too long");
  if (record.body_length < least) return Break(SSL_AD_BAD_RECORD_MAC, "record too short");
  record.room = std::min(record.body_length - least, kMaxPlaintext);
  return true;
}

// The content goes to `out`, unless it takes more room on the way than there is.
bool TlsRecords::Decrypt(Record& record, uint8_t* out, size_t room) {
  if (read_.sequence == UINT64_MAX) {
    return Break(SSL_AD_INTERNAL_ERROR, "more records than sequence numbers");
  }
  const EVP_AEAD_CTX* const context = Context(read_);
  if (context == nullptr) return Break(SSL_AD_INTERNAL_ERROR, "out of memory");
  const uint8_t* const ciphertext = record.body + suite_.explicit_iv;
  const size_t length = record.body_length - suite_.explicit_iv;
  const size_t need = suite_.cbc() ? length : length - suite_.overhead;
  uint8_t* const target = need <= room ? out : cache_.scratch();

  uint8_t nonce[kMaxNonce], data[kMaxAdditionalData];
  const size_t nonce_length = Nonce(read_, record.body, nonce);
  const size_t data_length = AdditionalData(read_, record.header, need, data);
  if (!EVP_AEAD_CTX_open(context, target, &record.length, need, nonce, nonce_length, ciphertext,
                         length, data, data_length)) {
    ERR_clear_error();
    return Break(SSL_AD_BAD_RECORD_MAC, "record that does not fit the keys");
  }
  KeepIv(read_, ciphertext, length);
  ++read_.sequence;
  record.content = target;
  if (version_ == TLS1_3_VERSION && !Unpad(record)) return false;
  if (record.length > kMaxPlaintext) return Break(SSL_AD_RECORD_OVERFLOW, "record too long");
  if (target != out) std::memcpy(out, target, record.length);
  return true;
}

// RFC 8446 section 5.4.
bool TlsRecords::Unpad(Record& record) {
  while (record.length > 0 && record.content[record.length - 1] == 0) --record.length;
  if (record.length == 0) return Break(SSL_AD_UNEXPECTED_MESSAGE, "record without a type");
  record.type = record.content[--record.length];
  return IsKnownType(record.type) ||
         Break(SSL_AD_UNEXPECTED_MESSAGE, "record of a type that has no place here");
}

bool TlsRecords::Take(uint8_t type, std::string_view content, Opened& opened) {
  if (type == SSL3_RT_HANDSHAKE) return TakeHandshake(content);
  if (messages_ != nullptr && !messages_->partial.empty()) {
    return Break(SSL_AD_UNEXPECTED_MESSAGE, "handshake message was broken off");
  }
  if (type == SSL3_RT_ALERT) return TakeAlert(content);
  if (content.empty()) return CountIdle();
  idle_records_ = 0;
  opened.produced += content.size();
  return true;
}

bool TlsRecords::TakeAlert(std::string_view content) {
  if (content.empty()) return Break(SSL_AD_UNEXPECTED_MESSAGE, "empty alert");
  if (content.size() != 2) return Break(SSL_AD_DECODE_ERROR, "alert of a wrong length");
  switch (const auto description = static_cast<uint8_t>(content[1])) {
    case SSL_AD_CLOSE_NOTIFY:
      read_ended_ = true;
      return true;
    case SSL_AD_USER_CANCELLED:
      return CountIdle();  // close_notify follows
    default:
      return Break(kNoAlert, AlertReason(description));
  }
}

// Messages may share a record, and go on in the next (RFC 8446 section 5.1).
bool TlsRecords::TakeHandshake(std::string_view bytes) {
  if (bytes.empty()) return Break(SSL_AD_UNEXPECTED_MESSAGE, "empty handshake record");
  std::string joined;
  if (messages_ != nullptr && !messages_->partial.empty()) {
    joined = std::exchange(messages_->partial, {}).append(bytes);
    bytes = joined;
  }
  while (!bytes.empty()) {
    const size_t used = TakeMessage(bytes);
    if (broken_ != nullptr) return false;
    if (used == 0) {
      if (messages_ == nullptr) messages_ = std::make_unique<Messages>();
      messages_->partial = bytes;
      return true;
    }
    bytes.remove_prefix(used);
  }
  if (messages_ != nullptr && messages_->ticket.empty()) messages_.reset();
  return true;
}

// Length of the message that `bytes` begin with; 0: it is not whole, or Break was called.
size_t TlsRecords::TakeMessage(std::string_view bytes) {
  constexpr size_t kMessageHeader = SSL3_HM_HEADER_LENGTH;
  const uint8_t type = bytes[0];
  if (version_ != TLS1_3_VERSION) {
    const uint8_t again = client_ ? SSL3_MT_HELLO_REQUEST : SSL3_MT_CLIENT_HELLO;
    if (type == again) return Break(SSL_AD_NO_RENEGOTIATION, "renegotiation was asked for");
  } else if (type == SSL3_MT_KEY_UPDATE || (type == SSL3_MT_NEW_SESSION_TICKET && client_)) {
    if (bytes.size() < kMessageHeader) return 0;
    const auto at = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
    const size_t length = kMessageHeader + (size_t{at(1)} << 16 | at(2) << 8 | at(3));
    if (length > kMaxMessage) return Break(SSL_AD_ILLEGAL_PARAMETER, "handshake message too long");
    if (type == SSL3_MT_KEY_UPDATE && length != kMessageHeader + 1) {
      return Break(SSL_AD_DECODE_ERROR, "KeyUpdate of a wrong length");
    }
    if (bytes.size() < length || !CountIdle()) return 0;
    if (type == SSL3_MT_KEY_UPDATE) {
      return KeyUpdate(at(kMessageHeader), bytes.size() == length) ? length : 0;
    }
    if (messages_ == nullptr) messages_ = std::make_unique<Messages>();
    messages_->ticket = bytes.substr(0, length);
    return length;
  }
  return Break(SSL_AD_UNEXPECTED_MESSAGE, "handshake message after the handshake");
}

// RFC 8446 section 4.6.3. The key changes with a record.
bool TlsRecords::KeyUpdate(uint8_t request, bool ends_record) {
  if (!ends_record) return Break(SSL_AD_UNEXPECTED_MESSAGE, "KeyUpdate inside a record");
  if (request > SSL_KEY_UPDATE_REQUESTED) {
    return Break(SSL_AD_ILLEGAL_PARAMETER, "KeyUpdate of an unknown kind");
  }
  if (kernel_receives_ || (kernel_sends_ && request == SSL_KEY_UPDATE_REQUESTED)) {
    return Break(SSL_AD_INTERNAL_ERROR, "KeyUpdate, which the kernel cannot follow");
  }
  if (request == SSL_KEY_UPDATE_REQUESTED) key_update_owed_ = true;
  RenewKey(read_);
  return true;
}

bool TlsRecords::CountIdle() {
  return ++idle_records_ <= kMaxIdleRecords ||
         Break(SSL_AD_UNEXPECTED_MESSAGE, "too many records without data");
}

// Always false.
bool TlsRecords::Break(uint8_t alert, const char* reason) {
  alert_ = alert;
  broken_ = reason;
  return false;
}

std::string TlsRecords::TakeTicket() {
  if (messages_ == nullptr) return {};
  std::string ticket = std::move(messages_->ticket);
  messages_->ticket.clear();
  if (messages_->partial.empty()) messages_.reset();
  return ticket;
}

}  // namespace aloha::net
