#include "workers/system/network_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aloha::system {
namespace {

constexpr std::chrono::milliseconds kDrainLook{20};

}  // namespace

NetworkSide::Parts::Parts(asio::io_context& loop, Log& log, Netlink made)
    : netlink(std::move(made)),
      addresses(loop, netlink, log),
      managed(netlink, log, [this](const net::Ip& ip) { return addresses.IsVirtual(ip); }) {}

NetworkSide::NetworkSide(asio::io_context& loop, Log& log,
                         std::function<std::vector<std::pair<VrrpEndpoint, int>>()> vrrp_sockets,
                         std::chrono::milliseconds start_time)
    : log_(log),
      vrrp_sockets_(std::move(vrrp_sockets)),
      start_time_(start_time),
      channel_(
          loop, log, [this](const worker::v1::AddressRequest& request) { OnRequest(request); },
          [this] { AwaitChannel(std::chrono::milliseconds(0)); }),
      abandoned_(loop),
      drain_timer_(loop) {
  Result<Netlink> netlink = Netlink::Open();
  Result<UniqueFd> watch = LinkWatch::Subscribe();
  if (!netlink || !watch) {
    problem_ = netlink ? watch.error().message : netlink.error().message;
    return;
  }
  parts_ = std::make_unique<Parts>(loop, log, std::move(*netlink));
  parts_->watch =
      std::make_unique<LinkWatch>(loop, std::move(*watch), [this] { OnNetworkChange(); });
}

Result<> NetworkSide::Ready() const {
  if (parts_) return {};
  return Fail(Code::kFailedPrecondition, "the network cannot be managed here: " + problem_);
}

Result<> NetworkSide::Prepare(const worker::v1::SystemSnapshot& snapshot) {
  if (!parts_ && snapshot.virtual_addresses().empty() && !snapshot.has_network()) return {};
  if (auto ready = Ready(); !ready) return ready;
  std::optional<NetworkPlan> plan;
  if (snapshot.has_network()) {
    Result<NetworkPlan> parsed = ParseNetworkPlan(snapshot.network());
    if (!parsed) return tl::make_unexpected(parsed.error());
    plan = std::move(*parsed);
  }
  if (auto prepared = parts_->addresses.Prepare(snapshot); !prepared) return prepared;
  if (auto prepared = parts_->managed.Prepare(plan); !prepared) {
    parts_->addresses.Abort();
    return prepared;
  }
  return {};
}

void NetworkSide::Commit() {
  handed_over_ = false;
  if (!parts_) return;
  parts_->addresses.Commit();
  parts_->managed.Commit();
  if (!channel_.connected() && !waiting_) AwaitChannel(start_time_);
  Tell(/*all=*/true);
}

void NetworkSide::Abort() {
  if (!parts_) return;
  parts_->addresses.Abort();
  parts_->managed.Abort();
}

void NetworkSide::Connect(UniqueFd socket) {
  abandoned_.cancel();
  waiting_ = false;
  channel_.Connect(std::move(socket));
  Tell(/*all=*/true);
}

Result<UniqueFd> NetworkSide::OpenSocket(const VrrpEndpoint& endpoint) {
  if (auto ready = Ready(); !ready) return tl::make_unexpected(ready.error());
  return OpenVrrpSocket(parts_->netlink, endpoint);
}

void NetworkSide::Follow(int socket, const VrrpEndpoint& endpoint) {
  if (!parts_) return;
  if (auto followed = FollowInterface(parts_->netlink, socket, endpoint); !followed)
    log_.Error(followed.error().message);
}

void NetworkSide::OnRequest(const worker::v1::AddressRequest& request) {
  worker::v1::SystemNotice notice;
  if (parts_) {
    *notice.mutable_address() = parts_->addresses.Carry(request);
  } else {
    notice.mutable_address()->set_number(request.number());
    notice.mutable_address()->set_router(request.router());
    notice.mutable_address()->set_problem(problem_);
  }
  channel_.Send(notice);
}

void NetworkSide::OnNetworkChange() {
  if (handed_over_) return;
  for (const auto& [endpoint, socket] : vrrp_sockets_()) Follow(socket, endpoint);
  parts_->managed.OnNetworkChange();
  parts_->addresses.OnNetworkChange();
  Tell(/*all=*/false);
}

void NetworkSide::AwaitChannel(std::chrono::milliseconds at_least) {
  if (handed_over_ || !parts_) return;
  waiting_ = true;
  const std::chrono::milliseconds patience = std::max(at_least, parts_->addresses.keep());
  abandoned_.expires_after(patience);
  abandoned_.async_wait([this, patience](const asio::error_code& error) {
    if (error) return;
    waiting_ = false;
    if (channel_.connected() || !parts_) return;
    parts_->addresses.ReleaseAll(fmt::format("aloha-vrrp is away for {} ms", patience.count()));
  });
}

void NetworkSide::Tell(bool all) {
  if (!parts_ || !channel_.connected()) return;
  if (all) told_.clear();
  const auto tell = [this](const std::string& whose, const worker::v1::SystemNotice& notice) {
    std::string& last = told_[whose];
    std::string text = notice.SerializeAsString();
    if (last == text) return;
    last = std::move(text);
    channel_.Send(notice);
  };
  for (worker::v1::AddressState& state : parts_->addresses.States()) {
    worker::v1::SystemNotice notice;
    *notice.mutable_address() = std::move(state);
    tell("router " + notice.address().router(), notice);
  }
  for (worker::v1::InterfaceState& state : parts_->addresses.Interfaces()) {
    worker::v1::SystemNotice notice;
    *notice.mutable_interface() = std::move(state);
    tell("interface " + notice.interface().interface(), notice);
  }
}

void NetworkSide::Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) {
  if (timeout.count() == 0) {
    handed_over_ = true;
    abandoned_.cancel();
    channel_.Close();
    return done(0);
  }
  if (drained_) std::exchange(drained_, nullptr)(0);  // this one counts
  drained_ = std::move(done);
  drain_end_ = std::chrono::steady_clock::now() + timeout;
  WatchDrain();
}

void NetworkSide::WatchDrain() {
  const bool wait = parts_ && parts_->addresses.holds_any() && channel_.connected() &&
                    std::chrono::steady_clock::now() < drain_end_;
  if (!wait) {
    if (parts_) parts_->addresses.ReleaseAll("aloha-system ends");
    return std::exchange(drained_, nullptr)(0);
  }
  drain_timer_.expires_after(kDrainLook);
  drain_timer_.async_wait([this](const asio::error_code& error) {
    if (!error && drained_) WatchDrain();
  });
}

}  // namespace aloha::system
