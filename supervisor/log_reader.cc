#include "supervisor/log_reader.h"

#include <grpcpp/client_context.h>

#include <asio/post.hpp>
#include <map>
#include <memory>
#include <utility>

#include "supervisor/async.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

constexpr uint32_t kKeptLines = 1'000;  // by every worker

// Reads the log of one worker into the stream; deletes itself at its end.
class WorkerReader final : public grpc::ClientReadReactor<worker::v1::LogLine> {
 public:
  WorkerReader(asio::io_context& loop, std::shared_ptr<Process> process,
               std::shared_ptr<const LogSink> sink, uint32_t backlog, bool follow,
               std::shared_ptr<int> running)
      : loop_(loop),
        process_(std::move(process)),
        sink_(std::move(sink)),
        running_(std::move(running)) {
    request_.set_access(true);
    request_.set_backlog(backlog);
    request_.set_follow(follow);
    process_->worker->async()->WatchLog(context_.get(), &request_, this);
    StartRead(&line_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    v1::LogLine line;
    line.set_time_us(line_.time_us());
    line.set_worker(std::string(process_->role->name));
    line.set_level(line_.level());
    line.set_text(line_.text());
    line.set_dropped(line_.dropped() + sink_->take_dropped());
    if (sink_->send(std::move(line))) {
      StartRead(&line_);
    } else {
      context_->TryCancel();
    }
  }

  void OnDone(const grpc::Status&) override {
    asio::post(loop_, [this] { delete this; });
  }

  // To end the reading early; outlives the reader.
  std::shared_ptr<grpc::ClientContext> context() const { return context_; }

 private:
  asio::io_context& loop_;
  std::shared_ptr<Process> process_;
  std::shared_ptr<const LogSink> sink_;
  std::shared_ptr<int> running_;  // shared by all readers of one call; see Follow
  const std::shared_ptr<grpc::ClientContext> context_ = std::make_shared<grpc::ClientContext>();
  worker::v1::WatchLogRequest request_;
  worker::v1::LogLine line_;
};

bool Wanted(const std::string& filter, const Role& role) {
  return filter.empty() || filter == role.service || filter == role.name;
}

v1::LogLine OwnLine(const LogEntry& entry) {
  v1::LogLine line;
  line.set_time_us(entry.time_us);
  line.set_worker("supervisor");
  line.set_level(std::string(LogLevelName(entry.level)));
  line.set_text(entry.text);
  return line;
}

}  // namespace

asio::awaitable<void> FollowLog(LogSources sources, LogSink reader, v1::WatchLogRequest request) {
  const auto sink = std::make_shared<const LogSink>(std::move(reader));
  const bool own = request.service().empty() || request.service() == "supervisor" ||
                   request.service() == "system";
  std::shared_ptr<void> watch;
  if (own) {
    for (const LogEntry& entry : sources.log.Recent(request.backlog())) sink->send(OwnLine(entry));
    if (request.follow())
      watch = sources.log.Watch([sink](const LogEntry& entry) { sink->send(OwnLine(entry)); });
  }
  auto running = std::make_shared<int>(0);
  // What is read, or was: each until its process ended. Not by pid, which another may get.
  std::map<std::weak_ptr<Process>, std::shared_ptr<grpc::ClientContext>, std::owner_less<>>
      readings;
  for (bool first = true; sink->alive(); first = false) {
    std::erase_if(readings, [](const auto& reading) { return reading.first.expired(); });
    for (const auto& [name, slot] : sources.fleet.slots()) {
      if (!slot.process || !Wanted(request.service(), *slot.role)) continue;
      if (readings.contains(slot.process)) continue;
      // One that starts meanwhile is read from its beginning.
      const bool fresh = !first && !slot.process->adopted;
      const auto* reading =
          new WorkerReader(sources.loop, slot.process, sink, fresh ? kKeptLines : request.backlog(),
                           request.follow(), running);
      readings.emplace(slot.process, reading->context());
    }
    if (!request.follow() && running.use_count() == 1) break;
    co_await Sleep(std::chrono::milliseconds(request.follow() ? 200 : 20));
  }
  for (const auto& [process, context] : readings) context->TryCancel();
}

}  // namespace aloha::supervisor
