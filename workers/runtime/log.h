// The log of a process: one line per event to stderr, written by a thread of its own. A caller
// never waits; when the writer falls behind, the oldest lines are dropped and counted.
#ifndef ALOHA_WORKERS_RUNTIME_LOG_H_
#define ALOHA_WORKERS_RUNTIME_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aloha {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kAccess };

struct LogEntry {
  int64_t time_us = 0;  // since 1970-01-01 UTC
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

struct LogOptions {
  std::string program;               // "aloha-proxy"
  LogLevel level = LogLevel::kInfo;  // kAccess lines are not filtered
  bool json = false;                 // one JSON object per line instead of text
  int journal_fd = -1;  // also gets every line but access lines; cut at 64 KiB. Not owned
};

// "debug", "info", "warning", "error"; nothing for another word.
std::optional<LogLevel> ParseLogLevel(std::string_view name);
std::string_view LogLevelName(LogLevel level);

// Makes bytes from outside fit for a log line and a protobuf string: control bytes, quotes'
// backslash and whatever is not UTF-8 become \xNN.
std::string EscapeForLog(std::string_view bytes);

class Log {
 public:
  explicit Log(const LogOptions& options);
  ~Log();  // writes what waits
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void Debug(std::string_view text) { Write(LogLevel::kDebug, text); }
  void Info(std::string_view text) { Write(LogLevel::kInfo, text); }
  void Warning(std::string_view text) { Write(LogLevel::kWarning, text); }
  void Error(std::string_view text) { Write(LogLevel::kError, text); }
  // Whether lines of that level are written at all: for those that cost something to make.
  bool Shows(LogLevel level) const;
  // Any thread, never blocks. Text must be escaped already.
  void Write(LogLevel level, std::string_view text);

  // Waits until every line so far is written. Before the end of a process.
  void Flush();

  // Lines lost because the writer was slow.
  uint64_t dropped() const;

  // The newest kept lines, oldest first; at most 1,000 are kept.
  std::vector<LogEntry> Recent(size_t limit) const;
  // Calls `watcher` for the newest `backlog` kept lines, at once, then on the writer's thread for
  // every new line until the returned handle goes; letting it go waits for a call under way. The
  // watcher must not block, log, or let its handle go. The handle must go before the log.
  std::shared_ptr<void> Watch(std::function<void(const LogEntry&)> watcher, size_t backlog = 0);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_LOG_H_
