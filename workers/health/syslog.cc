#include "workers/health/syslog.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>
#include <ctime>
#include <utility>

namespace aloha::health {
namespace {

constexpr size_t kMaxText = 8'000;
constexpr int kFacility = 16;  // local0

// RFC 5424 section 6.2.1.
int SeverityOf(std::string_view level) {
  if (level == "error") return 3;
  if (level == "warning") return 4;
  return level == "debug" ? 7 : 6;
}

// A field of the header (section 6): printable ASCII without spaces, or "-".
std::string Name(std::string_view name, size_t most) {
  if (name.empty()) return "-";
  std::string out(name.substr(0, most));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c <= ' ' || c >= '\x7f'; }, '_');
  return out;
}

std::string_view Cut(std::string_view text) {
  if (text.size() <= kMaxText) return text;
  size_t end = kMaxText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::string FormatSyslog(const worker::v1::ReportLine& line, std::string_view host_name) {
  constexpr int64_t kSecond = 1'000'000;
  const int64_t time_us = std::max<int64_t>(line.time_us(), 0);
  return fmt::format("<{}>1 {:%Y-%m-%dT%H:%M:%S}.{:06}Z {} {} - - - {}",
                     kFacility * 8 + SeverityOf(line.level()),
                     fmt::gmtime(static_cast<time_t>(time_us / kSecond)), time_us % kSecond,
                     Name(host_name, 255), Name(line.program(), 48), Cut(line.text()));
}

void SyslogSender::Use(std::optional<asio::ip::udp::endpoint> server) {
  if (server == server_) return;
  server_ = server;
  socket_.reset();
}

Result<> SyslogSender::Open() {
  if (!server_) return Fail(Code::kFailedPrecondition, "there is no syslog server");
  if (socket_) return {};
  asio::error_code error;
  auto socket = std::make_shared<asio::ip::udp::socket>(loop_);
  socket->open(server_->protocol(), error);
  if (!error) socket->non_blocking(true, error);
  if (!error) socket->connect(*server_, error);
  if (error) return Fail(Code::kUnavailable, "syslog: " + error.message());
  socket_ = std::move(socket);
  return {};
}

asio::awaitable<Result<worker::v1::SendLinesResponse>> SyslogSender::Send(
    worker::v1::SendLinesRequest request) {
  worker::v1::SendLinesResponse response;
  const Result<> opened = Open();
  if (!opened) co_return tl::make_unexpected(opened.error());
  for (int i = 0; i < request.lines_size(); ++i) {
    std::string datagram = FormatSyslog(request.lines(i), request.host_name());
    const bool sent = co_await SendOne(std::move(datagram));
    if (sent) continue;
    response.set_lost(static_cast<uint32_t>(request.lines_size() - i));
    break;
  }
  co_return response;
}

asio::awaitable<bool> SyslogSender::SendOne(std::string datagram) {
  bool refused = false, anew = false;
  for (;;) {
    const Result<> opened = Open();
    if (!opened) co_return false;
    const auto socket = socket_;  // whatever Use does meanwhile
    asio::error_code error;
    socket->send(asio::buffer(datagram), 0, error);
    if (error == asio::error::would_block) {
      co_await socket->async_wait(asio::ip::udp::socket::wait_write, asio::use_awaitable);
      socket->send(asio::buffer(datagram), 0, error);
    }
    if (!error) co_return true;
    // A server that is not there is told by the datagram after the one that it did not take.
    if (error == asio::error::connection_refused && !std::exchange(refused, true)) continue;
    // A connected socket keeps an address of this machine even when the machine has it no more.
    if (socket_ == socket) socket_.reset();
    if (std::exchange(anew, true)) co_return false;
  }
}

}  // namespace aloha::health
