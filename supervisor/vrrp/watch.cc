#include "supervisor/vrrp/watch.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "supervisor/vrrp/news.h"
#include "worker/v1/vrrp.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

constexpr char kSubject[] = "vrrp";

}  // namespace

// One stream; deletes itself when it ends.
class VrrpWatch::Reader final : public grpc::ClientReadReactor<v1::VrrpState> {
 public:
  Reader(VrrpWatch& watch, uint64_t number, const std::shared_ptr<Process>& vrrp)
      : watch_(watch), number_(number), vrrp_(vrrp), stub_(v1::Vrrp::NewStub(vrrp->channel)) {
    stub_->async()->WatchVrrpState(&context_, &request_, this);
    StartRead(&state_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    asio::post(watch_.loop_, [&watch = watch_, number = number_, state = state_]() mutable {
      if (watch.following_ == number) watch.Update(std::move(state));
    });
    StartRead(&state_);
  }

  void OnDone(const grpc::Status&) override {
    // On the control thread: the channel must not be let go by a thread of its own.
    asio::post(watch_.loop_, [this] {
      if (watch_.following_ == number_) watch_.Lose();
      delete this;
    });
  }

 private:
  VrrpWatch& watch_;
  const uint64_t number_;
  std::shared_ptr<Process> vrrp_;
  std::unique_ptr<v1::Vrrp::Stub> stub_;
  grpc::ClientContext context_;
  v1::WatchVrrpStateRequest request_;
  v1::VrrpState state_;
};

void VrrpWatch::Follow(const std::shared_ptr<Process>& vrrp) {
  heard_ = false;
  new Reader(*this, ++following_, vrrp);
}

void VrrpWatch::Update(v1::VrrpState state) {
  // A process may have a history of which an earlier supervisor told.
  int64_t told_until_us = 0;
  if (!std::exchange(heard_, true)) {
    told_ = {};
    for (const Event& event : events_.all()) {
      if (event.subject() == kSubject) told_until_us = std::max(told_until_us, event.time_us());
    }
  }
  for (const VrrpNews& news : NewsOf(told_, state, told_until_us)) {
    if (!news.entered.empty()) ++counts_[news.router][news.entered];
    events_.Add(news.severity, kSubject, news.router, news.text);
  }
  told_ = state;
  state_ = std::move(state);
  Notify();
}

void VrrpWatch::Lose() {
  state_.Clear();
  Notify();
}

VrrpWatch::Counts VrrpWatch::CountsOf(const std::string& router) const {
  const auto found = counts_.find(router);
  return found == counts_.end() ? Counts() : found->second;
}

std::shared_ptr<void> VrrpWatch::OnChange(std::function<void()> watcher) {
  auto shared = std::make_shared<std::function<void()>>(std::move(watcher));
  watchers_.push_back(shared);
  return shared;
}

void VrrpWatch::Notify() {
  watchers_.remove_if([](const auto& watcher) { return watcher.expired(); });
  for (const auto& watcher : watchers_) {
    if (const auto alive = watcher.lock()) (*alive)();
  }
}

}  // namespace aloha::supervisor
