#include "workers/net/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace aloha::net {

Pipe PipePool::Take() {
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  int ends[2];
  if (open_ == kMaxPipes || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  // A pipe of the default size, or less, moves no more per call than copying does.
  if (fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes) < kPipeBytes) return {};
  ++open_;
  return pipe;
}

void PipePool::Return(Pipe pipe) {
  if (idle_.size() == kMaxIdle) {
    Discard(std::move(pipe));
  } else {
    idle_.push_back(std::move(pipe));
  }
}

void PipePool::Discard(Pipe pipe) {
  if (pipe) --open_;
}

}  // namespace aloha::net
