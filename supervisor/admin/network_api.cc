#include "supervisor/admin/network_api.h"

#include <fmt/format.h>

#include "supervisor/boot_time.h"
#include "supervisor/config/address.h"
#include "supervisor/configurator.h"
#include "supervisor/facts.h"
#include "supervisor/machine/lease.h"
#include "supervisor/machine/machine_addresses.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

// Where browsers find the web interface: on every address of the machine, or on its own.
void AddUrls(const config::v1::WebListener& web, v1::NetworkState* state) {
  if (!web.enabled()) return;
  const uint32_t port = web.has_port() ? web.port() : 4444;
  const auto own = ParseAddress(web.address());
  if (own && !own->IsWildcard()) {
    state->add_web_urls(fmt::format("https://{}/", FormatEndpoint(web.address(), port)));
    return;
  }
  std::vector<std::string> addresses(state->addresses().begin(), state->addresses().end());
  if (!state->managed()) addresses = MachineAddresses();
  for (const std::string& address : addresses) {
    const std::string numeric = address.substr(0, address.find('/'));
    const auto parsed = ParseAddress(numeric);
    if (!parsed || (own && own->v6 != parsed->v6) || (!own && parsed->v6)) continue;
    state->add_web_urls(fmt::format("https://{}/", FormatEndpoint(numeric, port)));
  }
}

v1::NetworkState Describe(const Configurator& configuration) {
  v1::NetworkState state;
  for (const std::string& name : ManageableInterfaces()) {
    state.add_candidates(EscapeForLog(name));
  }
  const Compiled& compiled = configuration.compiled();
  if (!compiled.system.has_network()) {
    AddUrls(configuration.running().config.management().web(), &state);
    return state;
  }
  const worker::v1::ManagedNetwork& network = compiled.system.network();
  state.set_managed(true);
  state.set_interface(InterfaceOf(network));
  state.set_dhcp(compiled.dhcp);
  *state.mutable_addresses() = network.addresses();
  *state.mutable_gateways() = network.gateways();
  state.set_hostname(compiled.machine.hostname);
  const config::v1::NetworkLease& lease = configuration.lease();
  if (compiled.dhcp && lease.interface() == state.interface() && !lease.address().empty()) {
    state.set_last_resort(IsLastResort(lease));
    if (!state.last_resort()) *state.mutable_lease() = DescribeLease(lease, BootTime());
  }
  AddUrls(configuration.running().config.management().web(), &state);
  return state;
}

}  // namespace

grpc::ServerUnaryReactor* NetworkApi::GetNetwork(grpc::CallbackServerContext* call,
                                                 const v1::GetNetworkRequest*,
                                                 v1::NetworkState* response) {
  return ServeCall(context_, call, CallKind::kRead, "Network/GetNetwork",
                   [this, response](Caller&) -> asio::awaitable<Result<>> {
                     *response = Describe(context_.configuration);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* NetworkApi::ReportLease(grpc::CallbackServerContext* call,
                                                  const v1::ReportLeaseRequest* request,
                                                  v1::ChangeResponse* response) {
  // Not kChange: who reports leases may change nothing else.
  return ServeCall(context_, call, CallKind::kRead, "Network/ReportLease",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const CallKind kind =
                         caller.reports_leases ? CallKind::kRead : CallKind::kChange;
                     const Result<> may = MayCall(kind, caller);
                     caller.refused = !may;
                     if (!may) co_return may;
                     co_return co_await Report(*request, caller, response);
                   });
}

asio::awaitable<Result<>> NetworkApi::Report(const v1::ReportLeaseRequest& request, Caller& caller,
                                             v1::ChangeResponse* response) {
  const Compiled& compiled = context_.configuration.compiled();
  const std::string interface =
      compiled.dhcp ? InterfaceOf(compiled.system.network()) : std::string();
  if (interface.empty() || request.interface() != interface) {
    co_return Fail(Code::kFailedPrecondition,
                   fmt::format("the configuration does not ask for DHCP on \"{}\"",
                               EscapeForLog(request.interface())));
  }
  const config::v1::NetworkLease now = context_.configuration.lease();
  const bool has_lease =
      now.interface() == interface && !now.address().empty() && !IsLastResort(now);
  switch (request.outcome()) {
    case v1::ReportLeaseRequest::BOUND: {
      auto lease = CheckLease(request, BootTime());
      if (!lease) co_return tl::make_unexpected(lease.error());
      if (SameLease(*lease, now)) {
        co_return co_await context_.configuration.SetLease(std::move(*lease));
      }
      const std::string text = fmt::format("lease of {} by {} for {} s", lease->address(),
                                           lease->server(), request.lease().seconds());
      co_return co_await Take(std::move(*lease), Event::INFO, text, caller, response);
    }
    case v1::ReportLeaseRequest::LOST: {
      if (!has_lease) co_return Result<>();
      config::v1::NetworkLease lease = LastResort(interface);
      const std::string text = fmt::format("lease of {} was taken back; {} until there is another",
                                           now.address(), lease.address());
      co_return co_await Take(std::move(lease), Event::WARNING, text, caller, response);
    }
    case v1::ReportLeaseRequest::NO_ANSWER: {
      if (has_lease || IsLastResort(now)) co_return Result<>();
      config::v1::NetworkLease lease = LastResort(interface);
      const std::string text =
          fmt::format("nobody answers DHCP; {} until somebody does", lease.address());
      co_return co_await Take(std::move(lease), Event::WARNING, text, caller, response);
    }
    default:
      co_return Fail(Code::kInvalidArgument, "BOUND, LOST or NO_ANSWER", "outcome");
  }
}

asio::awaitable<Result<>> NetworkApi::Take(config::v1::NetworkLease lease, Event::Severity severity,
                                           const std::string& text, Caller& caller,
                                           v1::ChangeResponse* response) {
  const std::string interface = lease.interface();
  const Result<> set = co_await context_.configuration.SetLease(std::move(lease));
  if (!set) co_return set;
  FillEvent(context_.events.Add(severity, "network", interface, text, caller.actor, caller.method),
            response);
  co_return Result<>();
}

}  // namespace aloha::supervisor
