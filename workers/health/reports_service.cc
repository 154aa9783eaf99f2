#include "workers/health/reports_service.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <utility>

#include "workers/runtime/serve.h"

namespace aloha::health {
namespace {

using Done = std::function<void(const Result<>&)>;

// The request is gRPC's and lives until it is done.
asio::awaitable<void> SendLinesTo(SyslogSender& syslog, const worker::v1::SendLinesRequest* request,
                                  worker::v1::SendLinesResponse* response, Done done) {
  const auto sent = co_await syslog.Send(*request);
  if (!sent) co_return done(tl::make_unexpected(sent.error()));
  *response = *sent;
  done({});
}

asio::awaitable<void> SendMailTo(Mailer& mailer, const worker::v1::SendMailRequest* request,
                                 Done done) {
  const Result<> sent = co_await mailer.Send(*request);
  done(sent);
}

}  // namespace

void ReportsService::Use(const Plan& plan) {
  syslog_.Use(plan.syslog);
  mailer_.Use(plan.mail);
}

grpc::ServerUnaryReactor* ReportsService::SendLines(grpc::CallbackServerContext* call,
                                                    const worker::v1::SendLinesRequest* request,
                                                    worker::v1::SendLinesResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Done done) {
    asio::co_spawn(loop_, SendLinesTo(syslog_, request, response, std::move(done)), asio::detached);
  });
}

grpc::ServerUnaryReactor* ReportsService::SendMail(grpc::CallbackServerContext* call,
                                                   const worker::v1::SendMailRequest* request,
                                                   worker::v1::SendMailResponse*) {
  return ServeLater(loop_, call, [this, request](Done done) {
    asio::co_spawn(loop_, SendMailTo(mailer_, request, std::move(done)), asio::detached);
  });
}

}  // namespace aloha::health
