// The record layer of a TLS connection whose handshake is done elsewhere: RFC 8446 section 5 (TLS
// 1.3), RFC 5246 section 6.2 (TLS 1.2), RFC 4346 and 2246 (1.1 and 1.0, CBC). Bytes in, bytes out;
// no sockets. Never more than 16,384 bytes of plaintext per record.
#ifndef ALOHA_WORKERS_NET_TLS_RECORDS_H_
#define ALOHA_WORKERS_NET_TLS_RECORDS_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "handoff/v1/handoff.pb.h"
#include "workers/runtime/error.h"

namespace aloha::net {

class TlsContextCache;

class TlsRecords {
 public:
  static constexpr size_t kMaxPlaintext = 16 * 1024;
  // Of a whole record with its header, in any version.
  static constexpr size_t kMaxRecord = 5 + kMaxPlaintext + 2048;

  // Checks and takes the keys that were handed over; an error names the field that is out of its
  // range. `cache` lends contexts, is of the same thread, and outlives the records.
  static Result<std::unique_ptr<TlsRecords>> Create(const handoff::v1::TrafficKeys& keys,
                                                    TlsContextCache& cache);
  ~TlsRecords();

  struct Opened {
    enum class Kind {
      kData,    // go on; nothing was wrong
      kClosed,  // close_notify came: the orderly end of what the other side says
      kFailed,  // the connection is broken: `alert` is owed (RFC 8446 section 6.2), `reason` for the
                // log
    };
    Kind kind = Kind::kData;
    size_t consumed = 0;  // bytes of the input that were used: whole records
    size_t produced = 0;  // bytes of plaintext, contiguous, in the order they were sent
    uint8_t alert = 0;
    const char* reason = "";
  };
  // Opens the whole records at the beginning of `in`, until one is not whole or its plaintext might
  // not fit into the `room` that is left. Data before a failure or an end counts. KeyUpdate,
  // NewSessionTicket and alerts are dealt with here.
  Opened Open(const char* in, size_t size, char* out, size_t room);

  // Most bytes that Seal makes of so much plaintext, owed messages included.
  size_t SealedBound(size_t plaintext, size_t record_bytes) const;
  // Seals the parts in order, in records of at most record_bytes of plaintext (1 to kMaxPlaintext),
  // after what is owed (a KeyUpdate that was asked for). Returns bytes written to `out`, which has
  // room for SealedBound; 0: the sequence numbers are used up, nothing more can be sent.
  size_t Seal(const iovec* parts, int count, size_t record_bytes, char* out);
  // An alert: close_notify (0) as a warning, everything else fatal. `out` has room for
  // SealedBound(2, 2). Nothing is sealed after it.
  size_t SealAlert(uint8_t description, char* out);

  // A NewSessionTicket message that came since the last call, whole; empty: none. Only where this
  // side is the client.
  std::string TakeTicket();

  // close_notify was sealed.
  bool closed() const;
  uint16_t version() const;
  uint16_t cipher() const;
};

// "TLSv1.3"; "TLS_AES_128_GCM_SHA256". "" for unknown numbers.
std::string_view TlsVersionName(uint16_t version);
std::string_view TlsCipherName(uint16_t cipher);

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_TLS_RECORDS_H_
