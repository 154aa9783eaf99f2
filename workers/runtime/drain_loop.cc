#include "workers/runtime/drain_loop.h"

#include <asio/post.hpp>
#include <utility>

namespace aloha {
namespace {

constexpr std::chrono::milliseconds kInterval{20};

}  // namespace

void DrainLoop::Start(std::chrono::milliseconds timeout, std::function<void(uint32_t)> done) {
  Finish(0);  // this one counts
  done_ = std::move(done);
  end_ = std::chrono::steady_clock::now() + timeout;
  work_.stop([this] { asio::post(loop_, [this] { Look(); }); });
}

void DrainLoop::Look() {
  if (!done_) return;
  if (work_.live() == 0) return Finish(0);
  if (std::chrono::steady_clock::now() >= end_) {
    return work_.cut([this](uint64_t cut) {
      asio::post(loop_, [this, cut] { Finish(static_cast<uint32_t>(cut)); });
    });
  }
  timer_.expires_after(kInterval);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) Look();
  });
}

void DrainLoop::Finish(uint32_t cut) {
  timer_.cancel();
  if (done_) std::exchange(done_, nullptr)(cut);
}

}  // namespace aloha
