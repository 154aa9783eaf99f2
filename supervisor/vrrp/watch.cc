#include "supervisor/vrrp/watch.h"

#include <algorithm>
#include <utility>

#include "supervisor/vrrp/news.h"
#include "worker/v1/vrrp.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

constexpr char kSubject[] = "vrrp";

}  // namespace

VrrpWatch::VrrpWatch(asio::io_context& loop, Events& events)
    : events_(events),
      feed_(
          loop, [this](v1::VrrpState state) { Update(std::move(state)); }, [this] { Lose(); }) {}

void VrrpWatch::Follow(const std::shared_ptr<Process>& vrrp) {
  heard_ = false;
  feed_.Follow<v1::Vrrp>(vrrp, &v1::Vrrp::Stub::async::WatchVrrpState);
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
