#include "workers/net/tls_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aloha::net {
namespace {

// A stream begins with records that arrive whole in few packets, so that the other side can use
// them while the congestion window is small; once it has carried so much they are as large as can
// be.
constexpr uint32_t kHotBytes = 64 * 1024;
constexpr size_t kColdRecord = 4 * 1024;
constexpr size_t kAlertBytes = 2;

bool BeginsWhole(const char* sealed, size_t size) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(sealed);
  return size >= 5 && size - 5 >= (size_t{bytes[3]} << 8 | bytes[4]);
}

char* Room(std::vector<char>& buffer, size_t size) {
  if (buffer.size() < size) buffer.resize(size);
  return buffer.data();
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TlsRecords> records, std::string_view waiting)
    : records_(std::move(records)) {
  Keep(waiting.data(), waiting.size());
}

void TlsStream::Keep(const char* sealed, size_t size) {
  if (size == 0) return;
  if (!rest_) rest_ = std::make_unique<Rest>();
  rest_->sealed.assign(sealed, size);
  rest_->whole = BeginsWhole(sealed, size);
}

void TlsStream::Break(int fd, uint8_t alert, const char* reason) {
  failure_ = reason;
  if (kernel_sends()) {
    (void)records_->SendAlertByKernel(fd, alert);
    return;
  }
  char record[256];
  if (records_->SealedBound(kAlertBytes, kAlertBytes) > sizeof record) return;
  const size_t size = records_->SealAlert(alert, record);
  (void)send(fd, record, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Received TlsStream::TakePlain(char* out, size_t room) {
  const size_t taken = rest_->plain.copy(out, room);
  rest_->plain.erase(0, taken);
  if (rest_->plain.empty() && rest_->sealed.empty()) rest_.reset();
  return {static_cast<ssize_t>(taken), true};
}

bool TlsStream::OffloadSend(int fd) {
  if (kernel_sends() || stays_) return kernel_sends();
  stays_ = !records_->OffloadSend(fd);
  return !stays_;
}

bool TlsStream::OffloadReceive(int fd) {
  if (kernel_receives() || stays_ || rest_) return kernel_receives();
  stays_ = !records_->OffloadReceive(fd);
  return !stays_;
}

Received TlsStream::ReceiveByKernel(int fd, char* out, size_t room) {
  // An alert takes two bytes, and a record of data may be read in pieces of any size.
  char two[2];
  const bool tiny = room < sizeof two;
  const auto [opened, error] =
      records_->ReceiveByKernel(fd, tiny ? two : out, tiny ? sizeof two : room);
  if (error != 0) {
    if (error != EAGAIN) failure_ = "ended without close_notify";
    errno = error;
    return {-1};
  }
  ended_ = opened.kind == TlsRecords::Opened::Kind::kClosed;
  if (opened.kind == TlsRecords::Opened::Kind::kFailed) Break(fd, opened.alert, opened.reason);
  if (!tiny) return {static_cast<ssize_t>(opened.produced), true};
  const size_t taken = std::min(room, opened.produced);
  std::copy_n(two, taken, out);
  if (opened.produced > taken) {
    rest_ = std::make_unique<Rest>();
    rest_->plain.assign(two + taken, opened.produced - taken);
  }
  return {static_cast<ssize_t>(taken), true};
}

Received TlsStream::Receive(int fd, char* out, size_t room, TlsScratch& scratch) {
  if (rest_ && !rest_->plain.empty()) return TakePlain(out, room);
  while (kernel_receives() && !ended_ && *failure_ == '\0') {
    const Received received = ReceiveByKernel(fd, out, room);
    if (received.bytes != 0) return received;
  }
  for (;;) {
    if (*failure_ != '\0') {
      errno = ECONNRESET;
      return {-1};
    }
    if (ended_) return {0};
    size_t have = 0;
    bool read = true, more = false;
    if (rest_) {
      have = rest_->sealed.copy(scratch.in.get(), rest_->sealed.size());
      read = !rest_->whole;
    }
    if (read) {
      const size_t asked =
          std::clamp(room, TlsRecords::kMaxRecord, TlsScratch::kReadBytes + have) - have;
      const ssize_t got = recv(fd, scratch.in.get() + have, asked, MSG_DONTWAIT);
      if (got < 0) return {-1};
      if (got == 0) {
        failure_ = "ended without close_notify";
        continue;
      }
      have += static_cast<size_t>(got);
      more = static_cast<size_t>(got) == asked;
    }
    rest_.reset();
    Received received = Open(fd, have, out, room, scratch);
    received.more = received.more || more;
    if (received.bytes > 0) return received;
    const bool over = ended_ || *failure_ != '\0';
    if (over || received.more) continue;
    errno = EAGAIN;
    return {-1};
  }
}

Received TlsStream::Open(int fd, size_t size, char* out, size_t room, TlsScratch& scratch) {
  const char* const in = scratch.in.get();
  TlsRecords::Opened opened = records_->Open(in, size, out, room);
  std::string plain;
  if (opened.kind == TlsRecords::Opened::Kind::kData && opened.consumed == 0 &&
      BeginsWhole(in, size)) {
    // A record that is larger than the room for it.
    char* const all = Room(scratch.open, TlsRecords::kMaxRecord);
    opened = records_->Open(in, size, all, TlsRecords::kMaxRecord);
    const size_t taken = std::min(room, opened.produced);
    std::copy_n(all, taken, out);
    plain.assign(all + taken, opened.produced - taken);
    opened.produced = taken;
  }
  switch (opened.kind) {
    case TlsRecords::Opened::Kind::kData:
      Keep(in + opened.consumed, size - opened.consumed);
      break;
    case TlsRecords::Opened::Kind::kClosed:
      ended_ = true;
      break;
    case TlsRecords::Opened::Kind::kFailed:
      Break(fd, opened.alert, opened.reason);
      break;
  }
  if (!plain.empty()) {
    if (!rest_) rest_ = std::make_unique<Rest>();
    rest_->plain = std::move(plain);
  }
  const bool more = waiting() || opened.kind != TlsRecords::Opened::Kind::kData;
  return {static_cast<ssize_t>(opened.produced), more};
}

size_t TlsStream::Seal(const iovec* parts, int count, bool last, TlsScratch& scratch) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  const size_t record = sealed_bytes_ < kHotBytes ? kColdRecord : TlsRecords::kMaxPlaintext;
  sealed_bytes_ = static_cast<uint32_t>(std::min<size_t>(sealed_bytes_ + total, kHotBytes));
  const size_t bound =
      records_->SealedBound(total, record) + records_->SealedBound(kAlertBytes, kAlertBytes);
  char* const out = Room(scratch.out, bound);
  size_t size = records_->Seal(parts, count, record, out);
  if (size > 0 && last) size += records_->SealAlert(0, out + size);
  return size;
}

size_t TlsStream::SealEnd(TlsScratch& scratch) {
  if (closed()) return 0;
  char* const out = Room(scratch.out, records_->SealedBound(kAlertBytes, kAlertBytes));
  return records_->SealAlert(0, out);
}

}  // namespace aloha::net
