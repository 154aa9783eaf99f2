// What goes over the raw sockets.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "workers/vrrp/admission.h"
#include "workers/vrrp/clock.h"
#include "workers/vrrp/engine.h"

namespace aloha::vrrp {
namespace {

// Read at once before timers have their turn.
constexpr size_t kBatch = 64;
// Between two batches while a flood is on.
constexpr std::chrono::microseconds kFloodPause{500};
constexpr size_t kVridAt = 1;

}  // namespace

void Engine::Wait(const std::shared_ptr<Port>& port) {
  const std::weak_ptr<Port> weak = port;
  port->waiter.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, weak](const asio::error_code& error) {
                            const std::shared_ptr<Port> ready = weak.lock();
                            if (error || !ready) return;
                            const size_t packets = Receive(*ready);
                            Arm();
                            if (packets < kBatch || !ready->filter.active()) return Wait(ready);
                            ready->pause.expires_after(kFloodPause);
                            ready->pause.async_wait([this, weak](const asio::error_code& stopped) {
                              const std::shared_ptr<Port> paused = weak.lock();
                              if (!stopped && paused) Wait(paused);
                            });
                          });
}

size_t Engine::Receive(Port& port) {
  const Moment now = Now();
  const size_t packets = port.socket.Receive(
      kBatch, [this, &port, now](const Message& message) { Dispatch(port, message, now); },
      [this, &port](Drop reason) { CountDrop(port, reason); });
  if (port.filter.Count(packets, now.time)) BeginFilter(port, now);
  return packets;
}

// What can be told from few bytes comes first.
void Engine::Dispatch(const Port& port, const Message& message, Moment now) {
  if (message.bytes.size() <= kVridAt) return CountDrop(port, Drop::kLength);
  const auto addressed = std::find_if(routers_.begin(), routers_.end(), [&](const auto& router) {
    return router->spec().vrid == message.bytes[kVridAt] && router->spec().socket == port.key;
  });
  if (addressed == routers_.end()) return CountDrop(port, Drop::kVrid);
  Router& router = **addressed;
  if (const auto reason = RefuseSender(router.spec(), router.source(), message)) {
    return router.CountDrop(*reason);
  }
  const auto advert = ParseAdvert(message);
  if (!advert) return router.CountDrop(advert.error());
  if (const auto reason = RefuseAdvert(router.spec(), *advert, message.source))
    return router.CountDrop(*reason);
  router.Hear(*advert, message.source, now);
}

// A packet that names no router here counts with all of the socket's.
void Engine::CountDrop(const Port& port, Drop reason, uint64_t packets) {
  for (Router* router : RoutersOf(port.key)) router->CountDrop(reason, packets);
}

void Engine::CountKernelDrops(Port& port) {
  const uint64_t packets = port.socket.TakeKernelDrops();
  if (packets > 0) CountDrop(port, Drop::kFlood, packets);
}

void Engine::BeginFilter(Port& port, Moment now) {
  std::vector<net::Ip> known;
  for (const Router* router : RoutersOf(port.key)) {
    const auto live = router->KnownPeers();
    known.insert(known.end(), router->spec().peers.begin(), router->spec().peers.end());
    known.insert(known.end(), live.begin(), live.end());
  }
  port.filter.Begin(known, now.time);
  log_.Warning(fmt::format("{}: a flood of VRRP packets; hearing known nodes, and few others",
                           EscapeForLog(port.key.interface)));
}

void Engine::SendAdvert(const Router& router, uint8_t priority) {
  const RouterSpec& spec = router.spec();
  const auto found = ports_.find(spec.socket);
  if (found == ports_.end()) return;
  Port& port = *found->second;
  const AdvertContent content{spec.version, spec.vrid, priority, spec.interval, spec.addresses};
  const net::Ip group[] = {AdvertGroup(spec.socket.ipv6)};
  const std::span<const net::Ip> everybody =
      spec.peers.empty() ? std::span<const net::Ip>(group) : spec.peers;
  Result<> result;
  for (const net::Ip& destination : everybody) {
    std::array<uint8_t, kMaxBuiltAdvert> message;
    const size_t length = BuildAdvert(content, router.source(), destination, message);
    const Result<> sent = port.socket.Send(std::span(message).first(length), router.source(),
                                           destination, port.interface_index);
    if (!sent) result = sent;
  }
  const std::string problem = result ? "" : result.error().message;
  if (!problem.empty() && problem != port.send_problem) Tell(router, true, problem);
  port.send_problem = problem;
}

}  // namespace aloha::vrrp
