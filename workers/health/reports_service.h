// gRPC service aloha.worker.v1.Reports.
#ifndef ALOHA_WORKERS_HEALTH_REPORTS_SERVICE_H_
#define ALOHA_WORKERS_HEALTH_REPORTS_SERVICE_H_

#include <asio/io_context.hpp>

#include "worker/v1/reports.grpc.pb.h"
#include "workers/health/mailer.h"
#include "workers/health/spec.h"
#include "workers/health/syslog.h"

namespace aloha::health {

// As HealthService: its gRPC methods bring everything to the loop.
class ReportsService final : public worker::v1::Reports::CallbackService {
 public:
  explicit ReportsService(asio::io_context& loop) : loop_(loop), syslog_(loop), mailer_(loop) {}

  // Where to from now on.
  void Use(const Plan& plan);

  grpc::ServerUnaryReactor* SendLines(grpc::CallbackServerContext* call,
                                      const worker::v1::SendLinesRequest* request,
                                      worker::v1::SendLinesResponse* response) override;
  grpc::ServerUnaryReactor* SendMail(grpc::CallbackServerContext* call,
                                     const worker::v1::SendMailRequest* request,
                                     worker::v1::SendMailResponse* response) override;

 private:
  asio::io_context& loop_;
  SyslogSender syslog_;
  Mailer mailer_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_REPORTS_SERVICE_H_
