#include "wui/gateway/refusals.h"

#include <algorithm>
#include <utility>

#include "workers/runtime/loop_stream.h"

namespace aloha::gateway {
namespace {

class Stream final : public LoopStream<worker::v1::Refusal>, public Refusals::Watcher {
 public:
  Stream(asio::io_context& loop, Refusals& refusals) : LoopStream(loop), refusals_(refusals) {
    Start();
  }
  ~Stream() override { refusals_.Forget(this); }

  void Wake() override { Flush(); }

 private:
  void Begin() override {
    refusals_.Watch(this);
    Flush();
  }
  bool Next(worker::v1::Refusal& refusal) override { return refusals_.Take(this, refusal); }

  Refusals& refusals_;
};

}  // namespace

bool Refusals::Add(worker::v1::Refusal refusal, Clock::time_point now) {
  const auto intervals = (now - counted_) / kInterval;
  if (intervals > 0) {
    credit_ = static_cast<int>(std::min<int64_t>(kBurst, credit_ + intervals));
    counted_ += intervals * kInterval;
  }
  if (credit_ == 0) {
    ++untold_;
    return false;
  }
  --credit_;
  refusal.set_untold(std::exchange(untold_, 0));
  // Of those for whom no supervisor came, the oldest is only counted as well.
  if (waiting_.size() >= kBurst) {
    waiting_[1].set_untold(waiting_[1].untold() + waiting_[0].untold() + 1);
    waiting_.pop_front();
  }
  waiting_.push_back(std::move(refusal));
  if (watcher_ != nullptr) watcher_->Wake();
  return true;
}

void Refusals::Watch(Watcher* watcher) { watcher_ = watcher; }

void Refusals::Forget(const Watcher* watcher) {
  if (watcher_ == watcher) watcher_ = nullptr;
}

bool Refusals::Take(const Watcher* watcher, worker::v1::Refusal& refusal) {
  if (watcher_ != watcher || waiting_.empty()) return false;
  refusal = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

grpc::ServerWriteReactor<worker::v1::Refusal>* RemoteService::WatchRefusals(
    grpc::CallbackServerContext*, const worker::v1::WatchRefusalsRequest*) {
  return new Stream(loop_, refusals_);
}

}  // namespace aloha::gateway
