// The record layer of a TLS connection whose handshake is done elsewhere: RFC 8446 section 5 (TLS
// 1.3), RFC 5246 section 6.2 (TLS 1.2), RFC 4346 and 2246 (1.1 and 1.0, CBC). Bytes in, bytes out;
// no sockets. Never more than 16,384 bytes of plaintext per record.
#ifndef ALOHA_WORKERS_NET_TLS_RECORDS_H_
#define ALOHA_WORKERS_NET_TLS_RECORDS_H_

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "handoff/v1/handoff.pb.h"
#include "workers/runtime/error.h"

struct evp_aead_ctx_st;  // EVP_AEAD_CTX

namespace aloha::net {

class TlsContextCache;
struct TlsContextPair;
struct TlsSuite;

class TlsRecords {
 public:
  static constexpr size_t kMaxPlaintext = 16 * 1024;
  // Of a whole record with its header, in any version.
  static constexpr size_t kMaxRecord = 5 + kMaxPlaintext + 2048;
  // Records in a row, each way of bringing no plaintext counted: a peer that sends more is broken.
  static constexpr int kMaxIdleRecords = 32;
  // Of a handshake message with its header (NewSessionTicket).
  static constexpr size_t kMaxMessage = 16 * 1024;
  // Sequence number from which Seal renews the write key of TLS 1.3 by itself: below the 2^24.5
  // records that RFC 8446 section 5.5 allows AES-GCM.
  static constexpr uint64_t kRenewKeyAt = uint64_t{1} << 24;
  // In Opened::alert: nothing is owed, the other side sent a fatal alert itself.
  static constexpr uint8_t kNoAlert = 255;

  // Checks and takes the keys that were handed over; an error names the field that is out of its
  // range. `cache` lends contexts, is of the same thread, and outlives the records.
  static Result<std::unique_ptr<TlsRecords>> Create(const handoff::v1::TrafficKeys& keys,
                                                    TlsContextCache& cache);
  // Wipes the keys.
  ~TlsRecords();
  TlsRecords(const TlsRecords&) = delete;
  TlsRecords& operator=(const TlsRecords&) = delete;

  struct Opened {
    enum class Kind {
      kData,    // go on; nothing was wrong
      kClosed,  // close_notify came: the orderly end of what the other side says
      kFailed,  // the connection is broken: `alert` is owed (RFC 8446 section 6.2), `reason` for
                // the log
    };
    Kind kind = Kind::kData;
    size_t consumed = 0;  // bytes of the input that were used: whole records
    size_t produced = 0;  // bytes of plaintext, contiguous, in the order they were sent
    uint8_t alert = 0;
    const char* reason = "";
  };
  // Opens the whole records at the beginning of `in`, until one is not whole or its plaintext might
  // not fit into the `room` that is left; kMaxPlaintext is always enough for one. Data before a
  // failure or an end counts; `out` past `produced` may be overwritten. `in` and `out` do not
  // overlap. KeyUpdate, NewSessionTicket and alerts are dealt with here. After a failure every call
  // fails the same way; what follows close_notify is consumed and ignored.
  Opened Open(const char* in, size_t size, char* out, size_t room);

  // Most bytes that Seal makes of so much plaintext, owed messages included.
  size_t SealedBound(size_t plaintext, size_t record_bytes) const;
  // Seals the parts in order, in records of at most record_bytes of plaintext (1 to kMaxPlaintext),
  // after what is owed (a KeyUpdate that was asked for). Returns bytes written to `out`, which has
  // room for SealedBound; 0: the sequence numbers are used up, an alert was sealed, or the kernel
  // sends: nothing more can be sealed. The parts hold at least one byte together and do not overlap
  // `out`.
  size_t Seal(const iovec* parts, int count, size_t record_bytes, char* out);
  // An alert: close_notify (0) as a warning, everything else fatal; kNoAlert seals nothing. Returns
  // bytes written to `out`, which has room for SealedBound(2, 2); 0: nothing can be sent. Nothing
  // is sealed after it.
  size_t SealAlert(uint8_t description, char* out);

  // The last NewSessionTicket message that came since the last call, whole; empty: none. Only where
  // this side is the client of TLS 1.3.
  std::string TakeTicket();

  // Hands a direction over to the kernel's record layer (kTLS, kernel_tls.h), for streams that are
  // hot: AES-GCM and ChaCha20-Poly1305 of TLS 1.2 and 1.3. `fd` is the connection's socket; what
  // was sealed was written to it, and what was read from it was opened to the last record. From
  // then on the direction carries plaintext there: send(2), splice(2); recv(2) and splice(2) answer
  // EIO and EINVAL when something else than data is next, then ReceiveByKernel takes it. After an
  // error the direction goes on as it was. Linux 6.1 cannot change a key that it has: no more than
  // 2^24.5 records of AES-GCM should follow, and a KeyUpdate that comes then breaks the connection.
  Result<> OffloadSend(int fd);
  Result<> OffloadReceive(int fd);
  bool kernel_sends() const { return kernel_sends_; }
  bool kernel_receives() const { return kernel_receives_; }
  struct KernelRead {
    Opened opened;  // produced: bytes of plaintext; consumed: 0
    int error = 0;  // of recvmsg(2), EAGAIN for example; ECONNRESET: ended without close_notify
  };
  // One recvmsg(2): plaintext, or another record, which is dealt with as Open does. `room`: at
  // least 2 bytes.
  KernelRead ReceiveByKernel(int fd, char* out, size_t room);
  // SealAlert, sent by the kernel. False: errno says why; EAGAIN: not yet.
  bool SendAlertByKernel(int fd, uint8_t description);

  // close_notify was sealed.
  bool closed() const { return closed_; }
  uint16_t version() const { return version_; }
  uint16_t cipher() const;

 private:
  // How to go on in one direction. TLS 1.3: the traffic secret, and at kKeyOffset the key. Before:
  // the key as the AEAD takes it, which for CBC is MAC key, key and in TLS 1.0 the IV in use.
  struct Direction {
    static constexpr size_t kMaxSecret = 48;
    static constexpr size_t kKeyOffset = kMaxSecret;
    std::array<uint8_t, kKeyOffset + 32> keys;
    std::array<uint8_t, 12> iv;  // the part of the nonce that stays
    uint64_t sequence;           // of the next record
  };
  // What only connections with post-handshake messages need.
  struct Messages {
    std::string partial;  // the beginning of a message, which goes on in the next record
    std::string ticket;
  };
  struct Record;
  static constexpr size_t kMaxNonce = 16;
  static constexpr size_t kMaxAdditionalData = 13;

  TlsRecords(const TlsSuite& suite, const handoff::v1::TrafficKeys& keys, TlsContextCache& cache);

  // tls_records.cc
  void SplitKeyBlock(const handoff::v1::TrafficKeys& keys);
  void DeriveKey(Direction& direction);
  void RenewKey(Direction& direction);
  uint8_t* KeyOf(Direction& direction);
  const evp_aead_ctx_st* Context(Direction& direction);
  void KeepIv(Direction& direction, const uint8_t* ciphertext, size_t length);
  // What the next record to be sealed carries in front of its ciphertext, if anything.
  void ChooseIv(uint8_t* explicit_iv) const;
  // The nonce of the next record; returns its length.
  size_t Nonce(const Direction& direction, const uint8_t* explicit_iv, uint8_t* nonce) const;
  // Additional data of the next record; returns its length.
  size_t AdditionalData(const Direction& direction, const uint8_t* header, size_t plaintext,
                        uint8_t* data) const;

  void ClearContext(const Direction& direction);

  // tls_records_open.cc
  bool ReadHeader(const char* in, Record& record);
  bool Decrypt(Record& record, uint8_t* out, size_t room);
  bool Unpad(Record& record);
  bool Take(uint8_t type, std::string_view content, Opened& opened);
  bool TakeAlert(std::string_view content);
  bool TakeHandshake(std::string_view bytes);
  size_t TakeMessage(std::string_view bytes);
  bool KeyUpdate(uint8_t request, bool ends_record);
  bool CountIdle();
  void Conclude(Opened& opened) const;
  bool Break(uint8_t alert, const char* reason);

  // tls_records_seal.cc
  size_t Overhead() const;
  size_t RecordsOf(size_t plaintext, size_t record_bytes) const;
  bool SplitsFirst() const;
  size_t SealRecord(uint8_t type, const uint8_t* plaintext, size_t length, uint8_t* out);
  size_t SealKeyUpdate(uint8_t* out);
  static std::array<uint8_t, 2> AlertMessage(uint8_t description);

  // kernel_tls.cc
  Result<> Offload(int fd, Direction& direction, int option);

  TlsContextCache& cache_;
  TlsContextPair* contexts_ = nullptr;  // lent by cache_; may be taken back at any time
  const TlsSuite& suite_;
  Direction read_, write_;
  std::unique_ptr<Messages> messages_;
  const char* broken_ = nullptr;  // why Open failed
  uint8_t alert_ = 0;             // owed then
  uint8_t idle_records_ = 0;
  uint16_t version_;
  bool client_;
  bool key_update_owed_ = false;
  bool read_ended_ = false;   // close_notify came
  bool write_ended_ = false;  // an alert was sealed
  bool closed_ = false;
  bool kernel_sends_ = false;
  bool kernel_receives_ = false;
};
// What makes a million idle connections affordable.
static_assert(sizeof(TlsRecords) <= 300);

// "TLSv1.3"; "TLS_AES_128_GCM_SHA256". "" for unknown numbers.
std::string_view TlsVersionName(uint16_t version);
std::string_view TlsCipherName(uint16_t cipher);

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_TLS_RECORDS_H_
