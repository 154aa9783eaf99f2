#include "workers/runtime/log.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>

namespace aloha {
namespace {

constexpr size_t kMaxWaiting = 10'000;
constexpr size_t kMaxRecent = 1'000;
constexpr off_t kMaxJournalBytes = 64 * 1024;
// Lines gather for so long before they are written together: one wake-up and one write serve many
// sessions.
constexpr std::chrono::milliseconds kGather{20};

int64_t NowMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

std::string FormatTime(int64_t time_us) {
  const time_t seconds = time_us / 1'000'000;
  tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     time_us % 1'000'000);
}

// Lines are escaped (no control bytes) but for the quotes and backslashes that JSON reserves.
std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string FormatLine(const LogOptions& options, int pid, const LogEntry& entry) {
  if (options.json) {
    return fmt::format(
        "{{\"time\":\"{}\",\"program\":\"{}\",\"pid\":{},\"level\":\"{}\",\"text\":{}}}\n",
        FormatTime(entry.time_us), options.program, pid, LogLevelName(entry.level),
        JsonString(entry.text));
  }
  return fmt::format("{} {}[{}] {}: {}\n", FormatTime(entry.time_us), options.program, pid,
                     LogLevelName(entry.level), entry.text);
}

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nowhere to complain
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

struct Log::Impl {
  using Watcher = std::function<void(const LogEntry&)>;

  explicit Impl(const LogOptions& o) : options(o), pid(getpid()), writer([this] { Run(); }) {}

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    writer.join();
  }

  void Run() {
    std::unique_lock lock(mutex);
    for (;;) {
      busy = false;
      written.notify_all();
      wake.wait(lock, [this] { return stopping || !waiting.empty(); });
      busy = true;
      if (!stopping) wake.wait_for(lock, kGather, [this] { return stopping || flushing; });
      std::deque<LogEntry> batch;
      batch.swap(waiting);
      const bool last = stopping;
      lock.unlock();
      Emit(batch);
      lock.lock();
      if (last) return;
    }
  }

  void Emit(std::deque<LogEntry>& batch) {
    std::string to_stderr, to_journal;
    for (const LogEntry& entry : batch) {
      const std::string line = FormatLine(options, pid, entry);
      to_stderr += line;
      if (entry.level != LogLevel::kAccess) to_journal += line;
    }
    WriteAll(STDERR_FILENO, to_stderr);
    if (options.journal_fd >= 0 && !to_journal.empty()) {
      struct stat journal {};
      if (fstat(options.journal_fd, &journal) == 0 && journal.st_size > kMaxJournalBytes) {
        (void)!ftruncate(options.journal_fd, 0);
      }
      WriteAll(options.journal_fd, to_journal);
    }
    std::lock_guard lock(kept_mutex);
    for (LogEntry& entry : batch) {
      for (const Watcher* watcher : watchers) (*watcher)(entry);
      recent.push_back(std::move(entry));
      if (recent.size() > kMaxRecent) recent.pop_front();
    }
  }

  const LogOptions options;
  const int pid;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<LogEntry> waiting;
  bool stopping = false;
  bool flushing = false;
  bool busy = false;  // the writer holds lines
  std::condition_variable written;
  std::atomic<uint64_t> dropped{0};

  std::mutex kept_mutex;
  std::deque<LogEntry> recent;
  std::vector<const Watcher*> watchers;  // owned by their handles

  std::thread writer;  // last: it uses all of the above
};

Log::Log(const LogOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Log::~Log() = default;

bool Log::Shows(LogLevel level) const { return level >= impl_->options.level; }

void Log::Write(LogLevel level, std::string_view text) {
  if (!Shows(level)) return;
  LogEntry entry{NowMicroseconds(), level, std::string(text)};
  bool first = false;
  {
    std::lock_guard lock(impl_->mutex);
    first = impl_->waiting.empty();
    impl_->waiting.push_back(std::move(entry));
    if (impl_->waiting.size() > kMaxWaiting) {
      impl_->waiting.pop_front();
      impl_->dropped.fetch_add(1, std::memory_order_relaxed);
    }
  }
  if (first) impl_->wake.notify_one();
}

void Log::Flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->flushing = true;
  impl_->wake.notify_one();
  impl_->written.wait(lock, [this] { return impl_->waiting.empty() && !impl_->busy; });
  impl_->flushing = false;
}

uint64_t Log::dropped() const { return impl_->dropped.load(std::memory_order_relaxed); }

std::vector<LogEntry> Log::Recent(size_t limit) const {
  std::lock_guard lock(impl_->kept_mutex);
  const size_t count = std::min(limit, impl_->recent.size());
  return {impl_->recent.end() - static_cast<std::ptrdiff_t>(count), impl_->recent.end()};
}

std::shared_ptr<void> Log::Watch(std::function<void(const LogEntry&)> watcher, size_t backlog) {
  const auto forget = [impl = impl_.get()](const Impl::Watcher* gone) {
    {
      std::lock_guard lock(impl->kept_mutex);
      std::erase(impl->watchers, gone);
    }
    delete gone;
  };
  const std::shared_ptr<Impl::Watcher> handle(new Impl::Watcher(std::move(watcher)), forget);
  std::lock_guard lock(impl_->kept_mutex);
  const size_t count = std::min(backlog, impl_->recent.size());
  for (size_t i = impl_->recent.size() - count; i < impl_->recent.size(); ++i) {
    (*handle)(impl_->recent[i]);
  }
  impl_->watchers.push_back(handle.get());
  return handle;
}

}  // namespace aloha
