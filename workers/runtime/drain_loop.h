// Draining a role whose work lives on threads of its own: nothing new is taken, what lives may end
// in peace, the rest is cut. On the control thread.
#ifndef ALOHA_WORKERS_RUNTIME_DRAIN_LOOP_H_
#define ALOHA_WORKERS_RUNTIME_DRAIN_LOOP_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace aloha {

class DrainLoop {
 public:
  // What the role does for it. Each may call back on any thread.
  struct Work {
    // Takes nothing new; calls `stopped` when that is so.
    std::function<void(std::function<void()> stopped)> stop;
    // How much lives.
    std::function<uint64_t()> live;
    // Ends it all; tells how much there was.
    std::function<void(std::function<void(uint64_t cut)>)> cut;
  };

  DrainLoop(asio::io_context& loop, Work work)
      : loop_(loop), work_(std::move(work)), timer_(loop) {}

  // As Role::Drain. One that is under way gets the new time, and is over when this one is.
  void Start(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done);
  // Ends a drain that is under way: what lives goes on.
  void End() { Finish(0); }

 private:
  void Look();
  void Finish(uint32_t cut);

  asio::io_context& loop_;
  const Work work_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point begin_, end_;
  std::function<void(uint32_t cut)> done_;  // empty: not draining
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_DRAIN_LOOP_H_
