#include "wui/collector.h"

#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "admin/v1/admin.grpc.pb.h"
#include "admin/v1/high_availability.grpc.pb.h"
#include "admin/v1/synchronization.grpc.pb.h"
#include "admin/v1/traffic.grpc.pb.h"
#include "supervisor/call.h"
#include "wui/metrics.h"

namespace aloha::wui {
namespace {

namespace v1 = admin::v1;
using supervisor::Call;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTimeout = 5s, kPause = 50ms;
constexpr int kAllWorkers = 1'000;

}  // namespace

void Collector::Collect(Done done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  asio::co_spawn(loop_, Ask(), [this](std::exception_ptr failure, Result<std::string> metrics) {
    if (failure) metrics = Fail(Code::kInternal, "out of memory");
    for (const Done& waiting : std::exchange(waiting_, {})) waiting(metrics);
  });
}

asio::awaitable<Result<std::string>> Collector::Ask() {
  // A process that has just begun gets its channel a moment after its listener.
  asio::steady_timer timer(loop_);
  for (auto waited = 0ms; !channel_ && waited < kTimeout; waited += kPause) {
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
  const std::shared_ptr<grpc::Channel> channel = channel_;
  if (!channel) co_return Fail(Code::kUnavailable, "no supervisor came yet");
  const auto system = v1::System::NewStub(channel);
  const auto info = co_await Call(system->async(), &v1::System::Stub::async::GetInfo,
                                  v1::GetInfoRequest(), kTimeout);
  if (!info) co_return tl::make_unexpected(info.error());
  v1::ListWorkersRequest all;
  all.set_page_size(kAllWorkers);
  const auto workers_stub = v1::Workers::NewStub(channel);
  const auto workers =
      co_await Call(workers_stub->async(), &v1::Workers::Stub::async::ListWorkers, all, kTimeout);
  // While haproxy is stopped there are no counters.
  const auto stats_stub = v1::Stats::NewStub(channel);
  const auto stats = co_await Call(stats_stub->async(), &v1::Stats::Stub::async::GetStats,
                                   v1::GetStatsRequest(), kTimeout);
  const auto sync_stub = v1::Synchronization::NewStub(channel);
  const auto sync =
      co_await Call(sync_stub->async(), &v1::Synchronization::Stub::async::GetSynchronization,
                    v1::GetSynchronizationRequest(), kTimeout);
  // Refused where nodes share no address.
  const auto vrrp_stub = v1::HighAvailability::NewStub(channel);
  const auto vrrp = co_await Call(vrrp_stub->async(), &v1::HighAvailability::Stub::async::GetVrrp,
                                  v1::GetVrrpRequest(), kTimeout);
  const auto nodes = co_await Call(vrrp_stub->async(), &v1::HighAvailability::Stub::async::GetNodes,
                                   v1::GetNodesRequest(), kTimeout);
  co_return RenderMetrics({.info = &*info,
                           .workers = workers ? &*workers : nullptr,
                           .stats = stats ? &*stats : nullptr,
                           .sync = sync ? &*sync : nullptr,
                           .vrrp = vrrp ? &*vrrp : nullptr,
                           .nodes = nodes ? &*nodes : nullptr});
}

}  // namespace aloha::wui
