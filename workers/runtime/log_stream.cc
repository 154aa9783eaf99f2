#include "workers/runtime/log_stream.h"

#include <utility>

namespace aloha {

LogStream::LogStream(Log& log, const worker::v1::WatchLogRequest& request)
    : access_(request.access()), follow_(request.follow()) {
  StartSendInitialMetadata();  // the reader knows at once that the stream stands
  if (follow_) {
    watch_ = log.Watch([this](const LogEntry& entry) { Add(entry); }, request.backlog());
    return;
  }
  std::lock_guard lock(mutex_);
  for (const LogEntry& entry : log.Recent(request.backlog())) {
    if (access_ || entry.level != LogLevel::kAccess) waiting_.push_back(entry);
  }
  WriteNext();
}

void LogStream::Add(const LogEntry& entry) {
  std::lock_guard lock(mutex_);
  if (ended_ || (entry.level == LogLevel::kAccess && !access_)) return;
  if (waiting_.size() >= kMaxWaiting) {
    waiting_.pop_front();
    ++dropped_;
  }
  waiting_.push_back(entry);
  WriteNext();
}

void LogStream::WriteNext() {
  if (writing_ || ended_) return;
  if (waiting_.empty()) {
    if (!follow_) End();
    return;
  }
  const LogEntry& entry = waiting_.front();
  line_.set_time_us(entry.time_us);
  line_.set_level(std::string(LogLevelName(entry.level)));
  line_.set_text(entry.text);
  line_.set_dropped(std::exchange(dropped_, 0));
  waiting_.pop_front();
  writing_ = true;
  StartWrite(&line_);
}

void LogStream::End() {
  if (std::exchange(ended_, true)) return;
  Finish(grpc::Status::OK);
}

void LogStream::OnWriteDone(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (ok) {
    WriteNext();
  } else {
    End();
  }
}

void LogStream::OnCancel() {
  std::lock_guard lock(mutex_);
  End();
}

}  // namespace aloha
