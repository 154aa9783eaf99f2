#include "tests/farm/session.h"

#include <fmt/format.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace aloha::farm {
namespace {

constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kSmallRead = 4096;  // what an idle session holds
constexpr size_t kBulkRead = 64 * 1024;
constexpr auto kNoThrow = asio::experimental::as_tuple(asio::use_awaitable);

uint64_t g_last_id = 0;

[[noreturn]] void End(asio::error::basic_errors why) { throw asio::system_error(why); }

}  // namespace

Session::Session(asio::ip::tcp::socket socket, Service& service)
    : id_(++g_last_id), service_(service), socket_(std::move(socket)) {
  service_.live.insert(this);
}

Session::~Session() { service_.live.erase(this); }

asio::awaitable<void> Session::Run() {
  try {
    asio::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (service_.fault == Fault::kReset) Close(true);
    if (service_.implicit_tls) {
      if (service_.fault == Fault::kStall) co_await Obey(service_);
      co_await StartTls();
    }
    co_await service_.protocol->serve(*this);
    co_await ShutDown();
  } catch (const asio::system_error&) {
    // The client left, or the fault ended the session: nothing to tell anybody.
  }
}

asio::awaitable<std::string> Session::ReadCommand() {
  std::string line = co_await ReadLine();
  ++service_.requests;
  co_return line;
}

asio::awaitable<std::string> Session::ReadLine() {
  size_t end;
  size_t searched = 0;
  while ((end = buffer_.find('\n', searched)) == std::string::npos) {
    searched = buffer_.size();
    if (searched > kMaxLine) End(asio::error::message_size);
    co_await ReadMore(kSmallRead);
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  co_return line;
}

asio::awaitable<std::string> Session::Read(size_t size) {
  while (buffer_.size() < size) co_await ReadMore(kSmallRead);
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  co_return bytes;
}

asio::awaitable<std::string> Session::ReadSome(size_t at_most) {
  if (buffer_.empty()) co_await ReadMore(std::min(at_most, kBulkRead));
  std::string bytes = buffer_.substr(0, at_most);
  buffer_.erase(0, bytes.size());
  co_return bytes;
}

asio::awaitable<std::string> Session::ReadThrough(std::string_view end, size_t at_most) {
  size_t at;
  size_t searched = 0;
  while ((at = buffer_.find(end, searched)) == std::string::npos) {
    searched = buffer_.size() - std::min(buffer_.size(), end.size() - 1);
    if (buffer_.size() > at_most) End(asio::error::message_size);
    co_await ReadMore(kSmallRead);
  }
  std::string bytes = buffer_.substr(0, at + end.size());
  buffer_.erase(0, at + end.size());
  co_return bytes;
}

asio::awaitable<char> Session::Peek() {
  if (buffer_.empty()) co_await ReadMore(kSmallRead);
  co_return buffer_.front();
}

asio::awaitable<void> Session::Discard(uint64_t size) {
  while (size > buffer_.size()) {
    size -= buffer_.size();
    buffer_.clear();
    co_await ReadMore(kBulkRead);
  }
  buffer_.erase(0, size);
}

asio::awaitable<uint64_t> Session::DiscardToDot() {
  constexpr std::string_view kDot = "\r\n.\r\n";
  uint64_t forgotten = 0;
  buffer_.insert(0, "\r\n");  // the dot may stand in the very first line
  size_t at;
  while ((at = buffer_.find(kDot)) == std::string::npos) {
    if (buffer_.size() >= kDot.size()) {
      const size_t surplus = buffer_.size() - (kDot.size() - 1);
      forgotten += surplus;
      buffer_.erase(0, surplus);
    }
    co_await ReadMore(kBulkRead);
  }
  buffer_.erase(0, at + kDot.size());
  co_return forgotten + at;
}

asio::awaitable<void> Session::Reply(std::string text) {
  co_await Obey(service_);
  co_await Write(text);
}

asio::awaitable<void> Session::Write(std::string_view bytes) {
  if (tls_) {
    co_await asio::async_write(*tls_, asio::buffer(bytes), asio::use_awaitable);
  } else {
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::use_awaitable);
  }
}

asio::awaitable<void> Session::Wait(std::chrono::milliseconds time) {
  asio::steady_timer timer(socket_.get_executor(), time);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> Session::Obey(Service& service) {
  while (service.fault == Fault::kStall) co_await service.fault_changed.async_wait(kNoThrow);
  if (service.fault == Fault::kSlow) co_await Wait(service.delay);
  if (service.fault == Fault::kReset) Close(true);
  if (service.fault == Fault::kFail) {
    const std::string refusal = service_.protocol->refusal(server());
    co_await Write(refusal);
    co_await ShutDown();
    End(asio::error::operation_aborted);
  }
  if (!socket_.is_open()) End(asio::error::operation_aborted);
}

std::string Session::DescribeTls() const {
  if (!tls_) return "{}";
  const SSL* ssl = const_cast<asio::ssl::stream<asio::ip::tcp::socket&>&>(*tls_).native_handle();
  const char* server_name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const uint8_t* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  char client[256] = "";
  if (const bssl::UniquePtr<X509> x509(SSL_get_peer_certificate(ssl)); x509) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(x509.get()), NID_commonName, client,
                              sizeof(client));
  }
  return fmt::format(
      R"({{"version":"{}","cipher":"{}","server_name":"{}","alpn":"{}","resumed":{},"client":"{}"}})",
      SSL_get_version(ssl), SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)),
      server_name == nullptr ? "" : server_name,
      std::string_view(reinterpret_cast<const char*>(alpn), alpn_size),
      SSL_session_reused(ssl) != 0, client);
}

asio::awaitable<void> Session::StartTls() {
  buffer_.clear();
  tls_.emplace(socket_, *service_.tls);
  co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
}

void Session::Close(bool reset) {
  asio::error_code ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

asio::awaitable<void> Session::ReadMore(size_t at_most) {
  const size_t before = buffer_.size();
  buffer_.resize(before + at_most);
  const auto space = asio::buffer(buffer_.data() + before, at_most);
  size_t read = 0;
  if (tls_) {
    read = co_await tls_->async_read_some(space, asio::use_awaitable);
  } else {
    read = co_await socket_.async_read_some(space, asio::use_awaitable);
  }
  buffer_.resize(before + read);
}

// Says goodbye so that the client has read everything before the socket closes: unread input would
// turn the close into a reset. Waits at most a second for the client's own goodbye.
asio::awaitable<void> Session::ShutDown() {
  using asio::experimental::awaitable_operators::operator||;
  asio::steady_timer limit(socket_.get_executor(), std::chrono::seconds(1));
  if (tls_) {
    co_await (tls_->async_shutdown(kNoThrow) || limit.async_wait(asio::use_awaitable));
    co_return;
  }
  asio::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  char byte;
  co_await (socket_.async_read_some(asio::buffer(&byte, 1), kNoThrow) ||
            limit.async_wait(asio::use_awaitable));
}

}  // namespace aloha::farm
