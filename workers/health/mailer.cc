#include "workers/health/mailer.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <memory>

#include "workers/health/mail_submission.h"

namespace aloha::health {
namespace {

constexpr std::chrono::seconds kTimeout{50};

std::string MakeId() {
  std::array<uint8_t, 16> random{};
  RAND_bytes(random.data(), random.size());
  return fmt::format("{:02x}", fmt::join(random, ""));
}

// A socket whose every wait ends when the time is over.
struct Connection {
  explicit Connection(asio::io_context& loop) : socket(loop), timer(loop, kTimeout) {}

  static std::shared_ptr<Connection> Make(asio::io_context& loop) {
    auto connection = std::make_shared<Connection>(loop);
    connection->timer.async_wait([weak = std::weak_ptr(connection)](const asio::error_code& error) {
      const auto late = weak.lock();
      if (error || !late) return;
      late->over = true;
      late->socket.cancel();
    });
    return connection;
  }

  asio::ip::tcp::socket socket;
  asio::steady_timer timer;
  bool over = false;
};

}  // namespace

asio::awaitable<Result<>> Mailer::Send(worker::v1::SendMailRequest request) {
  if (!target_) co_return Fail(Code::kFailedPrecondition, "there is no mail server");
  const MailTarget target = *target_;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  MailSubmission submission(
      {.host_name = request.host_name(),
       .from = target.from,
       .to = target.to,
       .subject = request.subject(),
       .text = request.text(),
       .time_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count(),
       .id = MakeId()});
  const auto connection = Connection::Make(loop_);
  asio::ip::tcp::socket& socket = connection->socket;
  asio::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto failed = [&](const std::string& why) {
    return Fail(Code::kUnavailable,
                fmt::format("mail server {}:{}: {}", target.server.address().to_string(),
                            target.server.port(), why));
  };
  const auto broken = [&] {
    return failed(connection->over ? "no " + submission.awaited() + " in time" : error.message());
  };
  co_await socket.async_connect(target.server, token);
  if (error) co_return broken();
  std::array<char, 4096> buffer;
  for (;;) {
    const size_t bytes = co_await socket.async_read_some(asio::buffer(buffer), token);
    if (error) co_return broken();
    const auto state = submission.Feed({buffer.data(), bytes});
    if (state == MailSubmission::State::kRefused) co_return failed(submission.reason());
    co_await asio::async_write(socket, asio::buffer(submission.to_send()), token);
    if (state == MailSubmission::State::kTaken) co_return Result<>();
    if (error) co_return broken();
  }
}

}  // namespace aloha::health
