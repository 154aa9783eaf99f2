#include "workers/net/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace aloha::net {
namespace {

// Full buffers in a row after which a stream is spliced.
constexpr uint8_t kHot = 2;
// A spliced stream that brings less than this per event is copied again.
constexpr size_t kCold = 16 * 1024;
// Reads per turn, about 1 MiB, before other sessions have theirs.
constexpr int kRounds = 16;

}  // namespace

Relay::Relay(bool kernel_tls) : buffer_(new char[kBufferBytes]), kernel_tls_(kernel_tls) {}

bool Relay::Spliceable(const Channel& in, const Channel& out) const {
  const bool sealed = in.tls != nullptr || out.tls != nullptr;
  if (sealed && !kernel_tls_) return false;
  return (in.tls == nullptr || in.tls->OffloadReceive(in.fd)) &&
         (out.tls == nullptr || out.tls->OffloadSend(out.fd));
}

void Relay::Release(Flow& flow) {
  flow.backlog.reset();
  if (flow.pipe) pipes_.Discard(std::move(flow.pipe));
  flow.waiting = 0;
}

Relay::Outcome Relay::Empty(Flow& flow, const Channel& out) {
  if (out.tls != nullptr && flow.waiting > 0 && !flow.sealed && !out.tls->kernel_sends()) {
    if (SealBacklog(flow, *out.tls) == Outcome::kOutFailed) return Outcome::kOutFailed;
  }
  while (flow.waiting > 0) {
    const ssize_t sent = flow.pipe ? splice(flow.pipe.read_end.get(), nullptr, out.fd, nullptr,
                                            flow.waiting, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                                   : send(out.fd, flow.backlog.get() + flow.begin, flow.waiting,
                                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? Outcome::kBlocked : Outcome::kOutFailed;
    }
    if (!flow.sealed) flow.bytes += sent;
    flow.begin += sent;
    flow.waiting -= sent;
  }
  flow.backlog.reset();
  flow.sealed = false;
  return Outcome::kDrained;
}

// Bytes that were kept before there was a connection.
Relay::Outcome Relay::SealBacklog(Flow& flow, TlsStream& tls) {
  const iovec plain{flow.backlog.get() + flow.begin, flow.waiting};
  const size_t size = tls.Seal(&plain, 1, /*last=*/false, tls_);
  if (size == 0) return Outcome::kOutFailed;
  flow.bytes += flow.waiting;
  const iovec sealed{tls_.out.data(), size};
  Keep(flow, &sealed, 1, 0);
  flow.sealed = true;
  return Outcome::kDrained;
}

Relay::Outcome Relay::Flush(Flow& flow, const Channel& out) {
  if (flow.waiting == 0) return Outcome::kDrained;
  const Outcome emptied = Empty(flow, out);
  if (emptied == Outcome::kDrained && flow.pipe) pipes_.Return(std::move(flow.pipe));
  return emptied;
}

void Relay::Keep(Flow& flow, const iovec* parts, int count, size_t skip) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  flow.waiting = static_cast<uint32_t>(total - skip);
  flow.begin = 0;
  flow.sealed = false;
  flow.backlog.reset(new char[flow.waiting]);
  size_t at = 0;
  for (int i = 0; i < count; ++i) {
    const size_t left_out = std::min(skip, parts[i].iov_len);
    skip -= left_out;
    const size_t kept = parts[i].iov_len - left_out;
    std::memcpy(flow.backlog.get() + at, static_cast<const char*>(parts[i].iov_base) + left_out,
                kept);
    at += kept;
  }
}

Relay::Outcome Relay::Write(Flow& flow, const Channel& out, const iovec* parts, int count,
                            bool last) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  if (out.tls != nullptr && !out.tls->kernel_sends()) {
    const size_t size = out.tls->Seal(parts, count, last, tls_);
    if (size == 0) return Outcome::kOutFailed;
    flow.bytes += total;
    return SendSealed(flow, out.fd, size, last);
  }
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (last ? MSG_MORE : 0);
  ssize_t sent;
  if (count == 1) {
    sent = send(out.fd, parts->iov_base, parts->iov_len, flags);
  } else {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = static_cast<size_t>(count);
    sent = sendmsg(out.fd, &message, flags);
  }
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) return Outcome::kOutFailed;
    sent = 0;
  }
  flow.bytes += static_cast<size_t>(sent);
  if (static_cast<size_t>(sent) == total) return Outcome::kDrained;
  Keep(flow, parts, count, static_cast<size_t>(sent));
  return Outcome::kBlocked;
}

// What stands sealed in the scratch space.
Relay::Outcome Relay::SendSealed(Flow& flow, int out, size_t size, bool last) {
  ssize_t sent =
      send(out, tls_.out.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT | (last ? MSG_MORE : 0));
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) return Outcome::kOutFailed;
    sent = 0;
  }
  if (static_cast<size_t>(sent) == size) return Outcome::kDrained;
  const iovec rest{tls_.out.data(), size};
  Keep(flow, &rest, 1, static_cast<size_t>(sent));
  flow.sealed = true;
  return Outcome::kBlocked;
}

Received Relay::Receive(const Channel& in, char* out, size_t room) {
  if (in.tls != nullptr) return in.tls->Receive(in.fd, out, room, tls_);
  const ssize_t got = recv(in.fd, out, room, MSG_DONTWAIT);
  return {got, got == static_cast<ssize_t>(room)};
}

void Relay::SayEnd(const Channel& out) {
  if (out.tls->kernel_sends()) {
    (void)out.tls->records().SendAlertByKernel(out.fd, 0);
    return;
  }
  const size_t size = out.tls->SealEnd(tls_);
  if (size > 0) (void)send(out.fd, tls_.out.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Relay::Outcome Relay::EndStream(Flow& flow, const Channel& out) {
  if (out.tls == nullptr || out.tls->closed()) return Outcome::kEnded;
  if (out.tls->kernel_sends()) {
    const bool sent = out.tls->records().SendAlertByKernel(out.fd, 0);
    return sent ? Outcome::kEnded : errno == EAGAIN ? Outcome::kBlocked : Outcome::kOutFailed;
  }
  const size_t size = out.tls->SealEnd(tls_);
  if (size == 0) return Outcome::kEnded;
  const Outcome sent = SendSealed(flow, out.fd, size, /*last=*/false);
  return sent == Outcome::kDrained ? Outcome::kEnded : sent;
}

Relay::Outcome Relay::Move(Flow& flow, const Channel& in, const Channel& out, bool to_the_end) {
  if (const Outcome flushed = Flush(flow, out); flushed != Outcome::kDrained) return flushed;
  int rounds = kRounds;
  while (rounds > 0) {
    if (flow.limit == 0) return Outcome::kLimit;
    const Outcome outcome = flow.heat >= kHot && Spliceable(in, out)
                                ? Splice(flow, in, out, rounds)
                                : Copy(flow, in, out, to_the_end, rounds);
    if (outcome != Outcome::kUnfinished) return outcome;
  }
  return Outcome::kUnfinished;
}

Relay::Outcome Relay::Copy(Flow& flow, const Channel& in, const Channel& out, bool to_the_end,
                           int& rounds) {
  if (flow.heat >= kHot) flow.heat = 0;  // it cannot be spliced
  while (flow.heat < kHot && rounds-- > 0) {
    const size_t room = std::min<uint64_t>(kBufferBytes, flow.limit);
    const auto [got, more] = Receive(in, buffer_.get(), room);
    if (got < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? Outcome::kDrained : Outcome::kInFailed;
    }
    if (got == 0) return EndStream(flow, out);
    if (flow.limit != UINT64_MAX) flow.limit -= got;
    const iovec part{buffer_.get(), static_cast<size_t>(got)};
    if (const Outcome written = Write(flow, out, &part, 1); written != Outcome::kDrained) {
      return written;
    }
    if (flow.limit == 0) return Outcome::kLimit;
    if (more) {
      ++flow.heat;
    } else {
      flow.heat = 0;
      if (!to_the_end) return Outcome::kDrained;
    }
  }
  return Outcome::kUnfinished;
}

Relay::Outcome Relay::Splice(Flow& flow, const Channel& in, const Channel& out, int& rounds) {
  flow.pipe = pipes_.Take();
  if (!flow.pipe) {
    flow.heat = 0;
    return Outcome::kUnfinished;
  }
  const uint64_t before = flow.bytes;
  Outcome outcome = Outcome::kUnfinished;
  while (outcome == Outcome::kUnfinished && rounds-- > 0) {
    if (flow.limit == 0) {
      outcome = Outcome::kLimit;
      break;
    }
    const ssize_t got = splice(in.fd, nullptr, flow.pipe.write_end.get(), nullptr,
                               std::min<uint64_t>(PipePool::kPipeBytes, flow.limit),
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got > 0) {
      if (flow.limit != UINT64_MAX) flow.limit -= got;
      flow.waiting = got;
      const Outcome flushed = Empty(flow, out);
      if (flushed != Outcome::kDrained) return flushed;  // the pipe stays, with what waits
    } else if (got == 0 || errno == EINVAL) {
      flow.heat = 0;  // the end, or a record that is not data: not by splicing
      break;
    } else if (errno == EAGAIN) {
      outcome = Outcome::kDrained;  // the pipe is empty, so it is the socket that has nothing
      if (flow.bytes - before < kCold) flow.heat = 0;
    } else if (errno != EINTR) {
      const int error = errno;
      pipes_.Return(std::move(flow.pipe));
      errno = error;
      return Outcome::kInFailed;
    }
  }
  pipes_.Return(std::move(flow.pipe));
  return outcome;
}

}  // namespace aloha::net
