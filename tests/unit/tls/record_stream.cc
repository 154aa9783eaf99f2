#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <utility>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

constexpr timeval kPatience{20, 0};

}  // namespace

RecordStream::RecordStream(const handoff::v1::Connection& connection, UniqueFd socket)
    : socket_(std::move(socket)), received_(connection.partial_record()) {
  auto made = net::TlsRecords::Create(connection.keys(), cache_);
  EXPECT_TRUE(made) << made.error().message;
  records_ = std::move(*made);
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  fcntl(socket_.get(), F_SETFL, 0);  // blocking
}

std::string RecordStream::Read(size_t count) {
  char bytes[net::TlsRecords::kMaxRecord], text[net::TlsRecords::kMaxPlaintext];
  for (;;) {
    const auto opened = records_->Open(received_.data(), received_.size(), text, sizeof text);
    received_.erase(0, opened.consumed);
    opened_.append(text, opened.produced);
    EXPECT_NE(opened.kind, net::TlsRecords::Opened::Kind::kFailed) << opened.reason;
    if (std::string ticket = records_->TakeTicket(); !ticket.empty()) ticket_ = std::move(ticket);
    if (opened.consumed > 0) continue;
    if (opened_.size() >= count) break;
    const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got <= 0) break;
    received_.append(bytes, static_cast<size_t>(got));
  }
  const std::string read = opened_.substr(0, count);
  opened_.erase(0, read.size());
  return read;
}

bool RecordStream::Write(const std::string& text) {
  const iovec part{const_cast<char*>(text.data()), text.size()};
  std::string sealed(records_->SealedBound(text.size(), 16'384), '\0');
  sealed.resize(records_->Seal(&part, 1, 16'384, sealed.data()));
  return send(socket_.get(), sealed.data(), sealed.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sealed.size());
}

}  // namespace aloha::tls
