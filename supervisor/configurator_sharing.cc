// The part of the configurator that serves on where virtual addresses cannot be shared.
#include <fmt/format.h>

#include "supervisor/config/connected_networks.h"
#include "supervisor/configurator.h"

namespace aloha::supervisor {

std::string Configurator::sharing_fault() const {
  return unshared_.empty() ? compiled_.no_interface : unshared_;
}

// Tells each fault once, and its end.
void Configurator::ReportSharing() {
  const std::string fault = hooks_.sharing() ? sharing_fault() : "";
  if (fault == told_unshared_) return;
  if (fault.empty()) {
    events_.Add(Event::INFO, "vrrp", "all", "nothing keeps virtual addresses from being shared");
  } else {
    events_.Add(Event::ERROR, "vrrp", "all",
                fmt::format("virtual addresses are not shared: {}", fault));
  }
  told_unshared_ = fault;
}

// What is shared already stays so when something else is in the way.
asio::awaitable<Result<>> Configurator::DeployRunning() {
  unshared_.clear();
  const Result<> deployed = co_await Deploy(compiled_, {});
  const bool may_leave_out = hooks_.sharing() && compiled_.vrrp.routers_size() > 0 &&
                             deployment_.target().vrrp.routers().empty();
  if (deployed || !may_leave_out) co_return deployed;
  unshared_ = deployed.error().message;
  const Result<> rest = co_await Deploy(compiled_, {});
  if (rest) co_return rest;
  unshared_.clear();
  co_return deployed;
}

asio::awaitable<void> Configurator::RetrySharing() {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  if (!deployed_ || !hooks_.sharing() || sharing_fault().empty()) co_return;
  CompileInput input = input_;
  input.networks = ReadConnectedNetworks();
  Compiled next = Compile(running_.config, input);
  if (unshared_.empty() && next.no_interface == compiled_.no_interface) co_return;
  const std::string before = std::exchange(unshared_, {});
  const Result<> deployed = co_await Deploy(next, {});
  if (!deployed) {
    unshared_ = before;
    co_return;
  }
  input_ = std::move(input);
  compiled_ = std::move(next);
  hooks_.deployed(deployed);
  ReportSharing();
}

}  // namespace aloha::supervisor
