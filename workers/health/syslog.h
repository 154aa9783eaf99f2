// Lines for a syslog server: their form (RFC 5424), and their way, UDP (RFC 5426).
#ifndef ALOHA_WORKERS_HEALTH_SYSLOG_H_
#define ALOHA_WORKERS_HEALTH_SYSLOG_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/v1/reports.pb.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/error.h"

namespace aloha::health {

// Facility local0; access lines are informational. What is no printable ASCII in the names becomes
// "_", a text that is too long is cut between two characters.
std::string FormatSyslog(const worker::v1::ReportLine& line, std::string_view host_name);

class SyslogSender {
 public:
  explicit SyslogSender(asio::io_context& loop) : loop_(loop) {}

  // Where to from now on; nothing: nowhere.
  void Use(std::optional<asio::ip::udp::endpoint> server);

  // Ends at the first line that cannot be sent, not on a fresh socket either. kFailedPrecondition:
  // nowhere; kUnavailable: this machine has no socket for it. One at a time.
  asio::awaitable<Result<worker::v1::SendLinesResponse>> Send(worker::v1::SendLinesRequest request);

 private:
  Result<> Open();  // unless it is
  // False: this machine does not take it.
  asio::awaitable<bool> SendOne(std::string datagram);

  asio::io_context& loop_;
  std::optional<asio::ip::udp::endpoint> server_;
  std::shared_ptr<asio::ip::udp::socket> socket_;  // connected; null: not yet
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_SYSLOG_H_
