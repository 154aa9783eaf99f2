#include "workers/vrrp/role.h"

#include <fmt/format.h>

#include <utility>

namespace aloha::vrrp {

VrrpRole::VrrpRole(WorkerContext context)
    : descriptors_(context.descriptors),
      log_(context.log),
      engine_(context.loop, context.log, [this] { service_.Changed(); }),
      service_(context.loop, engine_) {}

Result<> VrrpRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_vrrp()) {
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-vrrp", "vrrp");
  }
  Result<std::vector<RouterSpec>> plan = MakePlan(snapshot.vrrp());
  if (!plan) return tl::make_unexpected(plan.error());
  std::map<SocketKey, UniqueFd> sockets;
  for (const RouterSpec& spec : *plan) {
    const auto& [interface, ipv6] = spec.socket;
    if (sockets.contains(spec.socket)) continue;
    UniqueFd socket = descriptors_.TakeVrrpSocket(interface, ipv6);
    if (socket) {
      sockets[spec.socket] = std::move(socket);
    } else if (!engine_.HasSocket(spec.socket)) {
      return Fail(Code::kFailedPrecondition,
                  fmt::format("no raw socket for {} on {} arrived", ipv6 ? "IPv6" : "IPv4",
                              EscapeForLog(interface)),
                  "vrrp.routers");
    }
  }
  prepared_ = std::move(*plan);
  sockets_ = std::move(sockets);
  return {};
}

void VrrpRole::Commit() {
  const size_t routers = prepared_.size();
  engine_.Apply(std::exchange(prepared_, {}), std::exchange(sockets_, {}));
  log_.Info(fmt::format("{} virtual routers", routers));
}

void VrrpRole::Abort() {
  prepared_.clear();
  sockets_.clear();
}

void VrrpRole::Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) {
  engine_.Stop(timeout.count() > 0, timeout, [done = std::move(done)] { done(0); });
}

void VrrpRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "system") engine_.ConnectSystem(std::move(socket));
}

std::vector<NamedDescriptor> VrrpRole::Keepsakes() {
  std::vector<NamedDescriptor> named;
  for (const auto& [key, fd] : engine_.Sockets()) {
    named.emplace_back(NameVrrpSocket(key.interface, key.ipv6), fd);
  }
  return named;
}

}  // namespace aloha::vrrp
