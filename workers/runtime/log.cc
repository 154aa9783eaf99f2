#include "workers/runtime/log.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
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

// Makes lines of entries. Access lines are the bulk: what does not change is made once, a date once
// a second.
class LineFormat {
 public:
  explicit LineFormat(const LogOptions& options) : json_(options.json) {
    const int pid = getpid();
    for (size_t level = 0; level < middles_.size(); ++level) {
      const std::string_view name = LogLevelName(static_cast<LogLevel>(level));
      middles_[level] = json_ ? fmt::format(R"(","program":"{}","pid":{},"level":"{}","text":)",
                                            options.program, pid, name)
                              : fmt::format(" {}[{}] {}: ", options.program, pid, name);
    }
  }

  // With its line feed.
  void Append(int64_t time_us, LogLevel level, std::string_view text, std::string& out) {
    if (json_) out += R"({"time":")";
    AppendTime(time_us, out);
    out += middles_[static_cast<size_t>(level)];
    if (!json_) {
      out += text;
    } else {
      AppendJsonString(text, out);
      out += '}';
    }
    out += '\n';
  }

 private:
  // RFC 3339, UTC, microseconds.
  void AppendTime(int64_t time_us, std::string& out) {
    constexpr int64_t kSecond = 1'000'000;
    if (time_us / kSecond != second_) {
      second_ = time_us / kSecond;
      const time_t seconds = second_;
      tm utc{};
      gmtime_r(&seconds, &utc);
      date_ = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", utc.tm_year + 1900,
                          utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    }
    out += date_;
    char fraction[] = "000000Z";
    auto left = static_cast<unsigned>(time_us % kSecond);
    for (int digit = 5; left > 0; --digit, left /= 10) {
      fraction[digit] = static_cast<char>('0' + left % 10);
    }
    out += fraction;
  }

  // Lines are escaped (no control bytes) but for the quotes and backslashes that JSON reserves.
  static void AppendJsonString(std::string_view text, std::string& out) {
    out += '"';
    for (size_t special; (special = text.find_first_of("\"\\")) != text.npos;) {
      out += text.substr(0, special);
      out += '\\';
      out += text[special];
      text.remove_prefix(special + 1);
    }
    out += text;
    out += '"';
  }

  const bool json_;
  std::array<std::string, 5> middles_;  // between time and text, by level
  int64_t second_ = -1;
  std::string date_;  // of second_
};

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nowhere to complain
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

// Lines that wait for the writer, text behind text: no line has memory of its own.
class Waiting {
 public:
  bool empty() const { return items_.size() == first_; }
  size_t size() const { return items_.size() - first_; }

  void Add(int64_t time_us, LogLevel level, std::string_view text) {
    texts_ += text;
    items_.push_back({time_us, level, texts_.size()});
  }

  void DropOldest() {
    begin_ = items_[first_++].end;
    if (first_ < kMaxWaiting) return;
    texts_.erase(0, begin_);
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    for (Item& item : items_) item.end -= begin_;
    first_ = begin_ = 0;
  }

  // Calls `take` with time, level and text of each, the oldest first.
  template <typename Take>
  void ForEach(Take take) const {
    size_t begin = begin_;
    for (size_t i = first_; i < items_.size(); ++i) {
      const Item& item = items_[i];
      take(item.time_us, item.level, std::string_view(texts_).substr(begin, item.end - begin));
      begin = item.end;
    }
  }

  // Keeps its memory, unless there was a flood.
  void Clear() {
    constexpr size_t kKeptBytes = 1 << 20;
    if (texts_.capacity() > kKeptBytes) *this = {};
    texts_.clear();
    items_.clear();
    first_ = begin_ = 0;
  }

 private:
  struct Item {
    int64_t time_us;
    LogLevel level;
    size_t end;  // of its text
  };

  std::string texts_;
  std::vector<Item> items_;
  size_t first_ = 0;  // those before were dropped
  size_t begin_ = 0;  // of the first's text
};

// The newest lines.
class Kept {
 public:
  size_t size() const { return entries_.size(); }
  // 0: the oldest.
  const LogEntry& at(size_t age) const { return entries_[(next_ + age) % entries_.size()]; }

  const LogEntry& Add(int64_t time_us, LogLevel level, std::string_view text) {
    if (entries_.size() < kMaxRecent) {
      entries_.push_back({time_us, level, std::string(text)});
      return entries_.back();
    }
    LogEntry& oldest = entries_[next_];
    next_ = (next_ + 1) % kMaxRecent;
    oldest.time_us = time_us;
    oldest.level = level;
    oldest.text = text;
    return oldest;
  }

 private:
  std::vector<LogEntry> entries_;
  size_t next_ = 0;  // the oldest, once all places are taken
};

}  // namespace

struct Log::Impl {
  using Watcher = std::function<void(const LogEntry&)>;

  explicit Impl(const LogOptions& o) : options(o), format(o), writer([this] { Run(); }) {}

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
      std::swap(batch, waiting);
      const bool last = stopping;
      lock.unlock();
      Emit();
      batch.Clear();
      lock.lock();
      if (last) return;
    }
  }

  void Emit() {
    std::string to_journal;
    batch.ForEach([&](int64_t time_us, LogLevel level, std::string_view text) {
      const size_t begin = to_stderr.size();
      format.Append(time_us, level, text, to_stderr);
      if (level != LogLevel::kAccess) to_journal.append(to_stderr, begin);
    });
    WriteAll(STDERR_FILENO, to_stderr);
    to_stderr.clear();
    if (options.journal_fd >= 0 && !to_journal.empty()) {
      struct stat journal {};
      if (fstat(options.journal_fd, &journal) == 0 && journal.st_size > kMaxJournalBytes) {
        (void)!ftruncate(options.journal_fd, 0);
      }
      WriteAll(options.journal_fd, to_journal);
    }
    std::lock_guard lock(kept_mutex);
    batch.ForEach([this](int64_t time_us, LogLevel level, std::string_view text) {
      const LogEntry& entry = recent.Add(time_us, level, text);
      for (const Watcher* watcher : watchers) (*watcher)(entry);
    });
  }

  const LogOptions options;
  // The writer's alone.
  LineFormat format;
  Waiting batch;
  std::string to_stderr;  // of the batch; empty between two

  std::mutex mutex;
  std::condition_variable wake;
  Waiting waiting;
  bool stopping = false;
  bool flushing = false;
  bool busy = false;  // the writer holds lines
  std::condition_variable written;
  std::atomic<uint64_t> dropped{0};

  std::mutex kept_mutex;
  Kept recent;
  std::vector<const Watcher*> watchers;  // owned by their handles

  std::thread writer;  // last: it uses all of the above
};

Log::Log(const LogOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Log::~Log() = default;

bool Log::Shows(LogLevel level) const { return level >= impl_->options.level; }

void Log::Write(LogLevel level, std::string_view text) {
  if (!Shows(level)) return;
  const int64_t now_us = NowMicroseconds();
  bool first = false;
  {
    std::lock_guard lock(impl_->mutex);
    first = impl_->waiting.empty();
    impl_->waiting.Add(now_us, level, text);
    if (impl_->waiting.size() > kMaxWaiting) {
      impl_->waiting.DropOldest();
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
  std::vector<LogEntry> newest;
  for (size_t age = impl_->recent.size() - count; age < impl_->recent.size(); ++age) {
    newest.push_back(impl_->recent.at(age));
  }
  return newest;
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
    (*handle)(impl_->recent.at(i));
  }
  impl_->watchers.push_back(handle.get());
  return handle;
}

}  // namespace aloha
