// The part of the configurator that sets addresses of the machine, and keeps the lease of DHCP.
#include <fmt/format.h>

#include "supervisor/boot_time.h"
#include "supervisor/config/plan_network.h"
#include "supervisor/config/state_file.h"
#include "supervisor/configurator.h"
#include "supervisor/machine/lease.h"

namespace aloha::supervisor {

using config::v1::NetworkLease;

namespace {

std::string LeasePath(const Options& options) { return options.run_dir + "/lease.textproto"; }

bool Ended(const NetworkLease& lease) {
  return lease.expires_boot_us() != 0 && BootTime() >= BootMicroseconds(lease.expires_boot_us());
}

}  // namespace

asio::awaitable<Result<>> Configurator::SetNetwork(const Compiled& compiled) {
  const auto change = [&compiled](Target& target) {
    target.system.clear_network();
    if (compiled.system.has_network()) {
      *target.system.mutable_network() = compiled.system.network();
    }
  };
  co_return co_await deployment_.ApplyTo("system", change);
}

asio::awaitable<Result<>> Configurator::DeployNetwork() {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  if (!compiled_.system.has_network()) co_return Result<>();
  co_return co_await SetNetwork(compiled_);
}

void Configurator::LoadLease() {
  const auto read = ReadState(LeasePath(options_), &input_.lease);
  if (!read && read.error().code != Code::kNotFound) {
    events_.Add(Event::ERROR, "network", "DHCP", read.error().message);
  }
  if (!read) input_.lease.Clear();
  if (Ended(input_.lease)) input_.lease = LastResort(input_.lease.interface());
  ArmLease();
}

// A lease that is not renewed ends, also when its client is gone.
void Configurator::ArmLease() {
  lease_timer_.cancel();
  if (input_.lease.expires_boot_us() == 0) return;
  const auto left = BootMicroseconds(input_.lease.expires_boot_us()) - BootTime();
  lease_timer_.expires_after(std::max<std::chrono::microseconds>(left, std::chrono::seconds(0)));
  lease_timer_.async_wait([this](const asio::error_code& error) {
    if (!error) Spawn(loop_, EndLease());
  });
}

asio::awaitable<void> Configurator::EndLease() {
  if (!Ended(input_.lease)) {  // renewed meanwhile
    ArmLease();
    co_return;
  }
  events_.Add(Event::ERROR, "network", input_.lease.interface(),
              fmt::format("the lease of {} ended and was not renewed", input_.lease.address()));
  const Result<> ended = co_await SetLease(LastResort(input_.lease.interface()));
  if (ended) co_return;
  events_.Add(Event::ERROR, "network", "DHCP", ended.error().message);
  lease_timer_.expires_after(std::chrono::seconds(1));
  lease_timer_.async_wait([this](const asio::error_code& error) {
    if (!error) Spawn(loop_, EndLease());
  });
}

asio::awaitable<Result<>> Configurator::SetLease(NetworkLease lease) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  CompileInput input = input_;
  input.lease = std::move(lease);
  Compiled next = Compile(running_.config, input);
  if (MayCutOff(compiled_, next)) {
    const Result<> set = co_await SetNetwork(next);
    if (!set) co_return set;
  }
  input_ = std::move(input);
  compiled_ = std::move(next);
  ArmLease();
  if (const Result<> kept = WriteState(LeasePath(options_), input_.lease); !kept) co_return kept;
  hooks_.machine_changed();
  co_return Result<>();
}

}  // namespace aloha::supervisor
