#include "workers/keys/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace aloha::keys {
namespace {

constexpr std::chrono::milliseconds kQuiet{200};

// The root, then one component more each time.
std::vector<std::string> FoldersTo(const std::string& root, const std::string& path) {
  std::vector<std::string> folders = {root};
  for (size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1))
    folders.push_back(root + "/" + path.substr(0, at));
  folders.push_back(root + "/" + path);
  return folders;
}

}  // namespace

Result<UniqueFd> FolderWatch::Open() {
  UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify) return FailErrno("inotify_init1");
  return inotify;
}

FolderWatch::FolderWatch(asio::io_context& loop, UniqueFd inotify, std::string root,
                         std::function<void()> on_change)
    : root_(std::move(root)),
      on_change_(std::move(on_change)),
      inotify_(loop, inotify.release()),
      timer_(loop) {
  Await();
}

Result<> FolderWatch::Watch(const std::vector<std::string>& paths) {
  constexpr uint32_t kChanges =
      IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;
  for (const std::string& path : paths) {
    for (const std::string& folder : FoldersTo(root_, path)) {
      if (inotify_add_watch(inotify_.native_handle(), folder.c_str(), kChanges) >= 0) continue;
      if (errno == ENOSPC || errno == ENOMEM)
        return Fail(Code::kResourceExhausted,
                    std::string("changes in the folder of secrets are not noticed: ") +
                        std::strerror(errno));
      break;  // not there yet, or a file: nothing is below it
    }
  }
  return {};
}

void FolderWatch::Await() {
  inotify_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const asio::error_code& error) {
                        if (error) return;
                        // What changed does not matter.
                        alignas(inotify_event) std::array<char, 4096> events;
                        while (read(inotify_.native_handle(), events.data(), events.size()) > 0) {
                        }
                        Await();
                        if (std::exchange(waiting_, true)) return;
                        timer_.expires_after(kQuiet);
                        timer_.async_wait([this](const asio::error_code& ended) {
                          if (ended) return;
                          waiting_ = false;
                          on_change_();
                        });
                      });
}

}  // namespace aloha::keys
