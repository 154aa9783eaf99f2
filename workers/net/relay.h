// Moves the bytes of one direction of a session from socket to socket.
//
// Small traffic is copied through one buffer of the thread: receive, send at once. What the
// receiver does not take waits in memory of its own (at most one buffer), and nothing more is read
// until it is gone: back-pressure. A stream that fills the buffer time after time is spliced
// through a pipe, without copying to user space. While nothing moves a direction holds nothing.
//
// A side with TLS is opened into the buffer, or sealed out of it; what waits for it is sealed. A
// stream that fills the buffer is handed over to the kernel's record layer, where there is one, and
// spliced then.
#ifndef ALOHA_WORKERS_NET_RELAY_H_
#define ALOHA_WORKERS_NET_RELAY_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "workers/net/pipe_pool.h"
#include "workers/net/tls_stream.h"

namespace aloha::net {

// One side of a session, as the relay reads and writes it.
struct Channel {
  int fd = -1;
  TlsStream* tls = nullptr;  // null: in clear
};

// State of one direction.
struct Flow {
  uint64_t bytes = 0;               // payload taken by the receiving socket, or sealed for it
  uint64_t limit = UINT64_MAX;      // bytes that may still be read
  std::unique_ptr<char[]> backlog;  // copied bytes that wait
  Pipe pipe;                        // open while spliced bytes wait
  uint32_t begin = 0;               // first byte of the backlog that waits
  uint32_t waiting = 0;             // bytes that wait, in the backlog or in the pipe
  uint8_t heat = 0;                 // full buffers in a row
  bool sealed = false;              // the backlog is records of TLS
  bool ended = false;               // the end was passed on; nothing moves any more
};

// One thread's.
class Relay {
 public:
  static constexpr size_t kBufferBytes = 64 * 1024;

  enum class Outcome {
    kDrained,    // nothing more to read now: a new event comes with new data
    kBlocked,    // the receiver is full: call again when it can be written
    kEnded,      // end of stream, and everything before it was passed on
    kLimit,      // nothing more may be read, and everything before was passed on
    kInFailed,   // reading failed; errno says why
    kOutFailed,  // writing failed; errno says why
    kUnfinished  // there is more, but others should have a turn: call again soon
  };

  // kernel_tls: streams of TLS that are hot may be handed over to the kernel (kernel_tls.h).
  explicit Relay(bool kernel_tls = false);

  // Moves what can be moved without blocking. to_the_end: the sender's end of stream is known to be
  // there, so reading goes on until it is seen; otherwise a read that leaves the buffer unfilled is
  // the last (the sockets are watched edge-triggered).
  // At the end of a stream an `out` with TLS is told by close_notify.
  Outcome Move(Flow& flow, const Channel& in, const Channel& out, bool to_the_end);
  // Passes on bytes that the caller read himself, after those that wait already; what the receiver
  // does not take waits. last: the stream is ended right after, and the end can travel with the
  // bytes. kDrained, kBlocked or kOutFailed.
  Outcome Write(Flow& flow, const Channel& out, const iovec* parts, int count, bool last = false);
  // Keeps bytes until Flush or Move passes them on; nothing waits yet.
  static void Keep(Flow& flow, const iovec* parts, int count, size_t skip);
  // Passes on what waits. kDrained: nothing does any more.
  Outcome Flush(Flow& flow, const Channel& out);
  // Reads without waiting, for the caller himself.
  Received Receive(const Channel& in, char* out, size_t room);
  // Says, at once or never, that nothing more is written; nothing waits. For a channel with TLS.
  void SayEnd(const Channel& out);
  // Gives back what the flow holds.
  void Release(Flow& flow);

  // Scratch space for the caller, overwritten by Move.
  char* buffer() { return buffer_.get(); }

 private:
  Outcome Copy(Flow& flow, const Channel& in, const Channel& out, bool to_the_end, int& rounds);
  Outcome Splice(Flow& flow, const Channel& in, const Channel& out, int& rounds);
  // Whether a stream that is hot can be spliced.
  bool Spliceable(const Channel& in, const Channel& out) const;
  Outcome Empty(Flow& flow, const Channel& out);
  Outcome SendSealed(Flow& flow, int out, size_t size, bool last);
  Outcome EndStream(Flow& flow, const Channel& out);
  Outcome SealBacklog(Flow& flow, TlsStream& tls);

  std::unique_ptr<char[]> buffer_;
  PipePool pipes_;
  TlsScratch tls_;
  const bool kernel_tls_;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_RELAY_H_
