// Hands mail to a server by SMTP, in the clear.
#ifndef ALOHA_WORKERS_HEALTH_MAILER_H_
#define ALOHA_WORKERS_HEALTH_MAILER_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <vector>

#include "worker/v1/reports.pb.h"
#include "workers/runtime/error.h"

namespace aloha::health {

// Where mail goes, and in whose name.
struct MailTarget {
  asio::ip::tcp::endpoint server;
  std::string from;
  std::vector<std::string> to;
};

class Mailer {
 public:
  explicit Mailer(asio::io_context& loop) : loop_(loop) {}

  // Where to from now on; nothing: nowhere.
  void Use(std::optional<MailTarget> target) { target_ = std::move(target); }

  // kFailedPrecondition: nowhere; kUnavailable: it was not taken, with the reason; within a minute.
  asio::awaitable<Result<>> Send(worker::v1::SendMailRequest request);

 private:
  asio::io_context& loop_;
  std::optional<MailTarget> target_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_MAILER_H_
