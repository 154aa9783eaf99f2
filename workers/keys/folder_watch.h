// Tells when something in a folder changes (inotify(7)).
#ifndef ALOHA_WORKERS_KEYS_FOLDER_WATCH_H_
#define ALOHA_WORKERS_KEYS_FOLDER_WATCH_H_

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::keys {

// All calls on the loop's thread.
class FolderWatch {
 public:
  // An inotify descriptor, for the constructor: made before confinement.
  static Result<UniqueFd> Open();

  // root: path of the folder. on_change is called 200 ms after the first of some changes, once for
  // all of them.
  FolderWatch(asio::io_context& loop, UniqueFd inotify, std::string root,
              std::function<void()> on_change);

  // Watches the root and every folder on the way to each of these paths, themselves included where
  // they are folders, as far as they exist; again after every change, for there may be new ones. A
  // folder that was replaced, or a symbolic link that was swapped as Kubernetes does it, is a
  // change of the folder that it is in. kResourceExhausted: the system's limit is reached.
  Result<> Watch(const std::vector<std::string>& paths);

 private:
  void Await();

  const std::string root_;
  const std::function<void()> on_change_;
  asio::posix::stream_descriptor inotify_;
  asio::steady_timer timer_;
  bool waiting_ = false;  // the timer runs
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_FOLDER_WATCH_H_
