// Pipes for splice(2), lent for as long as they hold bytes.
#ifndef ALOHA_WORKERS_NET_PIPE_POOL_H_
#define ALOHA_WORKERS_NET_PIPE_POOL_H_

#include <vector>

#include "workers/runtime/unique_fd.h"

namespace aloha::net {

struct Pipe {
  UniqueFd read_end, write_end;
  explicit operator bool() const { return static_cast<bool>(read_end); }
};

// One thread's.
class PipePool {
 public:
  // Bytes asked for per pipe.
  static constexpr int kPipeBytes = 512 * 1024;
  // Descriptors the pool may hold open, lent or not.
  static constexpr int kMaxDescriptors = 64;

  // An empty pipe; none when all are lent, or when the kernel gives no large one
  // (fs.pipe-user-pages-soft). The caller copies then.
  Pipe Take();
  // Takes an empty pipe back.
  void Return(Pipe pipe);
  // Closes a pipe that may still hold bytes.
  void Discard(Pipe pipe);

 private:
  static constexpr int kMaxPipes = kMaxDescriptors / 2;
  // Idle pipes kept; one stream at a time uses one, and only blocked ones keep theirs.
  static constexpr int kMaxIdle = 4;

  std::vector<Pipe> idle_;
  int open_ = 0;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_PIPE_POOL_H_
