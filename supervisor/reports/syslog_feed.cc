#include "supervisor/reports/syslog_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <utility>

#include "supervisor/async.h"
#include "supervisor/call_worker.h"
#include "supervisor/machine/host_name.h"

namespace aloha::supervisor {
namespace {

namespace w = worker::v1;

constexpr int kMostInOne = 500;
constexpr size_t kMostBytesInOne = 1024 * 1024;
constexpr std::chrono::milliseconds kPause{200};
// While aloha-health does not run, or cannot send.
constexpr std::chrono::seconds kRetry{1};

w::ReportLine LineOf(admin::v1::LogLine line) {
  w::ReportLine out;
  out.set_time_us(line.time_us());
  out.set_program("aloha-" + line.worker());
  out.set_level(line.level());
  *out.mutable_text() = std::move(*line.mutable_text());
  return out;
}

w::ReportLine LostLine(uint64_t number) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  w::ReportLine out;
  out.set_time_us(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  out.set_program("aloha-supervisor");
  out.set_level("warning");
  out.set_text(
      fmt::format("{} lines did not reach this server: it, or this machine, was too slow", number));
  return out;
}

}  // namespace

// On its way to aloha-health.
struct SyslogFeed::Batch {
  w::SendLinesRequest request;
  uint64_t told = 0;  // what its first line says was lost; 0: it is none that does

  // Leaves the last lines; the first of them, which could not be sent, goes too. Answers how many
  // are lost by that.
  uint64_t KeepLast(uint32_t number) {
    auto* lines = request.mutable_lines();
    const int left = static_cast<int>(std::min<uint32_t>(number, lines->size()));
    const uint64_t lost = left == lines->size() ? std::max<uint64_t>(told, 1) : 1;
    told = 0;
    lines->DeleteSubrange(0, left == 0 ? lines->size() : lines->size() - left + 1);
    return left == 0 ? 0 : lost;
  }
};

struct SyslogFeed::Queue {
  std::mutex mutex;
  std::deque<w::ReportLine> lines;
  uint64_t lost = 0;  // not told to the server yet
  std::atomic<bool> wanted{true};

  bool Push(admin::v1::LogLine line) {
    const std::lock_guard lock(mutex);
    lost += line.dropped();
    if (lines.size() >= kMostWaiting) {
      ++lost;
    } else {
      lines.push_back(LineOf(std::move(line)));
    }
    return wanted;
  }

  Batch Take() {
    const std::lock_guard lock(mutex);
    Batch batch{.told = std::exchange(lost, 0)};
    if (batch.told > 0) *batch.request.add_lines() = LostLine(batch.told);
    size_t bytes = 0;
    while (!lines.empty() && batch.request.lines_size() < kMostInOne && bytes < kMostBytesInOne) {
      bytes += lines.front().text().size();
      *batch.request.add_lines() = std::move(lines.front());
      lines.pop_front();
    }
    return batch;
  }

  void AddLost(uint64_t number) {
    const std::lock_guard lock(mutex);
    lost += number;
  }
};

void SyslogFeed::Use(bool wanted) {
  if (wanted == (queue_ != nullptr)) return;
  if (!wanted) {
    queue_->wanted = false;
    queue_.reset();
    return;
  }
  queue_ = std::make_shared<Queue>();
  LogSink sink{
      .send = [queue = queue_](admin::v1::LogLine line) { return queue->Push(std::move(line)); },
      .alive = [queue = queue_] { return queue->wanted.load(); },
      .take_dropped = [] { return uint64_t{0}; }};
  admin::v1::WatchLogRequest request;
  request.set_follow(true);
  Spawn(sources_.loop, FollowLog(sources_, std::move(sink), std::move(request)));
  Spawn(sources_.loop, Run(sources_, queue_));
}

asio::awaitable<void> SyslogFeed::Run(LogSources sources, std::shared_ptr<Queue> queue) {
  Batch batch;
  while (queue->wanted) {
    if (batch.request.lines().empty()) batch = queue->Take();
    if (batch.request.lines().empty()) {
      co_await Sleep(kPause);
      continue;
    }
    batch.request.set_host_name(HostName());
    const auto sent = co_await CallWorker<w::Reports>(
        sources.fleet, &w::Reports::Stub::async::SendLines, batch.request);
    const uint64_t lost = sent ? batch.KeepLast(sent->lost()) : 0;
    queue->AddLost(lost);
    if (!sent || lost > 0) co_await Sleep(kRetry);
  }
}

}  // namespace aloha::supervisor
