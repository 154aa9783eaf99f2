// Every line of every process, on its way to a syslog server. aloha-health sends it; where to is in
// its snapshot.
#ifndef ALOHA_SUPERVISOR_REPORTS_SYSLOG_FEED_H_
#define ALOHA_SUPERVISOR_REPORTS_SYSLOG_FEED_H_

#include <asio/awaitable.hpp>
#include <memory>

#include "supervisor/log_reader.h"

namespace aloha::supervisor {

class SyslogFeed {
 public:
  // Lines that wait for aloha-health; more are dropped and counted.
  static constexpr size_t kMostWaiting = 20'000;

  explicit SyslogFeed(LogSources sources) : sources_(sources) {}
  ~SyslogFeed() { Use(false); }
  SyslogFeed(const SyslogFeed&) = delete;
  SyslogFeed& operator=(const SyslogFeed&) = delete;

  // Whether lines are wanted from now on.
  void Use(bool wanted);

 private:
  struct Batch;
  struct Queue;

  static asio::awaitable<void> Run(LogSources sources, std::shared_ptr<Queue> queue);

  LogSources sources_;
  std::shared_ptr<Queue> queue_;  // null: not wanted
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_REPORTS_SYSLOG_FEED_H_
