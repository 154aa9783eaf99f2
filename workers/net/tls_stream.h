// TLS on a socket whose handshake is done: reads and writes plaintext by the record layer.
#ifndef ALOHA_WORKERS_NET_TLS_STREAM_H_
#define ALOHA_WORKERS_NET_TLS_STREAM_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workers/net/tls_records.h"

namespace aloha::net {

// What one call of Receive brought.
struct Received {
  // As recv(2) answers: bytes; 0 at the orderly end; -1 with errno.
  ssize_t bytes = 0;
  // Another call may bring something at once.
  bool more = false;
};

// Memory for the records in hand; one per thread.
struct TlsScratch {
  static constexpr size_t kReadBytes = 64 * 1024;

  TlsScratch() : in(new char[TlsRecords::kMaxRecord + kReadBytes]) {}

  const std::unique_ptr<char[]> in;
  std::vector<char> out;   // sealed records on their way
  std::vector<char> open;  // one record that is larger than what its reader asked for
};

// The socket stays the caller's. While nothing moves it holds its keys and nothing else.
class TlsStream {
 public:
  // waiting: bytes that were read from the socket behind the handshake already.
  TlsStream(std::unique_ptr<TlsRecords> records, std::string_view waiting);

  // Reads at most `room` bytes of plaintext. The end of the TCP stream without close_notify is a
  // truncation: ECONNRESET, as is whatever breaks the record layer (failure() says what).
  Received Receive(int fd, char* out, size_t room, TlsScratch& scratch);
  // Seals the parts into scratch.out and answers how many bytes stand there to be sent, in this
  // order, to the last. 0: nothing more can be sealed. last: close_notify follows them.
  size_t Seal(const iovec* parts, int count, bool last, TlsScratch& scratch);
  // Seals close_notify alone; 0 when that was done before.
  size_t SealEnd(TlsScratch& scratch);

  // Hands a direction over to the kernel, for a stream that is hot; false: it stays. After that
  // plaintext can be sent, and what is data be spliced.
  bool OffloadSend(int fd);
  bool OffloadReceive(int fd);
  bool kernel_sends() const { return records_->kernel_sends(); }
  bool kernel_receives() const { return records_->kernel_receives(); }

  // Receive would bring something without the socket.
  bool waiting() const { return rest_ && (!rest_->plain.empty() || rest_->whole); }
  // Nothing can be written any more.
  bool closed() const { return records_->closed(); }
  TlsRecords& records() { return *records_; }
  const TlsRecords& records() const { return *records_; }
  // Why Receive failed; empty: it did not.
  const char* failure() const { return failure_; }

  // From the ClientHello, escaped; empty: none.
  std::string server_name;
  // Of the handshake, where this side asked for it; 0: it did not.
  uint64_t request_id = 0;

 private:
  // What was read and not used.
  struct Rest {
    std::string plain;   // comes first
    std::string sealed;  // a record, or the beginning of one, and what follows
    bool whole = false;  // the first of them is whole
  };

  Received TakePlain(char* out, size_t room);
  Received ReceiveByKernel(int fd, char* out, size_t room);
  // Opens what stands in scratch.in.
  Received Open(int fd, size_t size, char* out, size_t room, TlsScratch& scratch);
  void Keep(const char* sealed, size_t size);
  void Break(int fd, uint8_t alert, const char* reason);

  std::unique_ptr<TlsRecords> records_;
  std::unique_ptr<Rest> rest_;
  uint32_t sealed_bytes_ = 0;  // of plaintext, until the stream is hot
  bool ended_ = false;         // close_notify came
  bool stays_ = false;         // the kernel did not take a direction
  const char* failure_ = "";
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_TLS_STREAM_H_
