#include "workers/runtime/drain_loop.h"

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

namespace aloha {
namespace {

// How often it is looked; less often the longer it lasts.
constexpr std::chrono::milliseconds kShortest{20}, kLongest{1000};

}  // namespace

void DrainLoop::Start(std::chrono::milliseconds timeout, std::function<void(uint32_t)> done) {
  timer_.cancel();
  if (done_) {
    done = [first = std::move(done_), second = std::move(done)](uint32_t cut) {
      first(cut);
      second(cut);
    };
  }
  done_ = std::move(done);
  begin_ = std::chrono::steady_clock::now();
  end_ = begin_ + timeout;
  work_.stop([this] { asio::post(loop_, [this] { Look(); }); });
}

void DrainLoop::Look() {
  if (!done_) return;
  if (work_.live() == 0) return Finish(0);
  const auto now = std::chrono::steady_clock::now();
  if (now >= end_) {
    return work_.cut([this](uint64_t cut) {
      asio::post(loop_, [this, cut] { Finish(static_cast<uint32_t>(cut)); });
    });
  }
  const auto pause =
      std::clamp<std::chrono::steady_clock::duration>((now - begin_) / 16, kShortest, kLongest);
  timer_.expires_at(std::min(now + pause, end_));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) Look();
  });
}

void DrainLoop::Finish(uint32_t cut) {
  timer_.cancel();
  if (done_) std::exchange(done_, nullptr)(cut);
}

}  // namespace aloha
