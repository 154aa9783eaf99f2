// A fleet whose aloha-health is a server in this process, with a loop that runs on demand.
#ifndef ALOHA_TESTS_UNIT_SUPERVISOR_FAKE_HEALTH_H_
#define ALOHA_TESTS_UNIT_SUPERVISOR_FAKE_HEALTH_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/fleet.h"
#include "supervisor/log_reader.h"
#include "worker/v1/reports.grpc.pb.h"
#include "worker/v1/worker.grpc.pb.h"
#include "workers/runtime/log.h"

namespace aloha::supervisor {

// Its log has the lines it is made with. What it is to send is kept; `lost` is answered, one after
// the other, then 0.
class FakeHealth {
 public:
  explicit FakeHealth(std::vector<std::string> lines, std::vector<uint32_t> lost = {})
      : log_(std::move(lines)), reports_(std::move(lost)) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&log_);
    builder.RegisterService(&reports_);
    server_ = builder.BuildAndStart();
  }

  // Attached to it.
  std::shared_ptr<Process> MakeProcess(pid_t pid) {
    auto process = std::make_shared<Process>();
    process->role = FindRole("health");
    process->pid = pid;
    process->channel = server_->InProcessChannel({});
    process->worker = worker::v1::Worker::NewStub(process->channel);
    return process;
  }
  // The texts of every request to send lines.
  std::vector<std::vector<std::string>> requests() { return reports_.requests(); }

 private:
  class LogService final : public worker::v1::Worker::Service {
   public:
    explicit LogService(std::vector<std::string> lines) : lines_(std::move(lines)) {}
    grpc::Status WatchLog(grpc::ServerContext*, const worker::v1::WatchLogRequest*,
                          grpc::ServerWriter<worker::v1::LogLine>* writer) override {
      for (const std::string& text : lines_) {
        worker::v1::LogLine line;
        line.set_text(text);
        writer->Write(line);
      }
      return grpc::Status::OK;
    }

   private:
    const std::vector<std::string> lines_;
  };

  class ReportsService final : public worker::v1::Reports::Service {
   public:
    explicit ReportsService(std::vector<uint32_t> lost) : lost_(lost.begin(), lost.end()) {}
    grpc::Status SendLines(grpc::ServerContext*, const worker::v1::SendLinesRequest* request,
                           worker::v1::SendLinesResponse* response) override {
      const std::lock_guard lock(mutex_);
      std::vector<std::string>& texts = requests_.emplace_back();
      for (const auto& line : request->lines()) texts.push_back(line.text());
      if (lost_.empty()) return grpc::Status::OK;
      response->set_lost(lost_.front());
      lost_.pop_front();
      return grpc::Status::OK;
    }
    std::vector<std::vector<std::string>> requests() {
      const std::lock_guard lock(mutex_);
      return requests_;
    }

   private:
    std::mutex mutex_;
    std::deque<uint32_t> lost_;
    std::vector<std::vector<std::string>> requests_;
  };

  LogService log_;
  ReportsService reports_;
  std::unique_ptr<grpc::Server> server_;
};

struct FleetWithHealth {
  // In place of the one that runs.
  void Run(std::shared_ptr<Process> process) {
    const Slot& slot = fleet.slots().find("health")->second;
    const_cast<Slot&>(slot).process = std::move(process);  // the fleet's own way forks
  }
  // Runs the loop until it is so; false: not within 10 s.
  bool Until(const std::function<bool()>& condition) {
    for (int i = 0; i < 1'000 && !condition(); ++i) loop.run_for(std::chrono::milliseconds(10));
    return condition();
  }

  asio::io_context loop;
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(loop);
  Log log{{.program = "test", .level = LogLevel::kWarning}};
  Events events{log, ""};
  Fleet fleet{loop, {}, events};
  LogSources sources{loop, log, fleet};
};

}  // namespace aloha::supervisor

#endif  // ALOHA_TESTS_UNIT_SUPERVISOR_FAKE_HEALTH_H_
