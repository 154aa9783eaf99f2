// Notices changes of interfaces and their addresses.
#ifndef ALOHA_WORKERS_SYSTEM_LINK_WATCH_H_
#define ALOHA_WORKERS_SYSTEM_LINK_WATCH_H_

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::system {

class LinkWatch {
 public:
  // on_change: something changed since the last call; on the loop's thread. What it was is to be
  // read from the kernel's tables, so that a notice lost in a burst is no loss.
  LinkWatch(asio::io_context& loop, UniqueFd socket, std::function<void()> on_change);

  // A socket that hears of every change. kInternal when there is none to be had.
  static Result<UniqueFd> Subscribe();

 private:
  void Await();

  asio::posix::stream_descriptor socket_;
  const std::function<void()> on_change_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_LINK_WATCH_H_
