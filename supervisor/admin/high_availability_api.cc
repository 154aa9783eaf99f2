#include "supervisor/admin/high_availability_api.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "supervisor/admin/serve_stream.h"
#include "supervisor/call.h"
#include "supervisor/configurator.h"
#include "supervisor/fleet.h"
#include "supervisor/vrrp/tracking.h"
#include "supervisor/vrrp/watch.h"
#include "worker/v1/vrrp.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

constexpr std::chrono::seconds kTimeout{5};
using VrrpStream = Stream<v1::Vrrp>;

Result<> InUse(const AdminContext& context) {
  if (UsesVrrp(context)) return {};
  return Fail(Code::kFailedPrecondition,
              "high availability is disabled: set high_availability.role to MASTER or BACKUP");
}

// The routers of the running configuration, each with its state where aloha-vrrp tells one.
v1::Vrrp Describe(const AdminContext& context, const worker::v1::VrrpState& state) {
  v1::Vrrp vrrp;
  for (const auto& router : context.configuration.compiled().vrrp.routers()) {
    v1::VirtualRouter* to = vrrp.add_routers();
    to->set_interface(router.interface());
    to->set_version(router.version());
    to->set_vrid(router.vrid());
    *to->mutable_addresses() = router.addresses();
    for (const auto& told : state.routers()) {
      if (told.name() == router.name()) *to->mutable_state() = told;
    }
    for (const auto& [entered, count] : context.vrrp.CountsOf(router.name())) {
      (*to->mutable_transitions_total())[entered] = count;
    }
  }
  return vrrp;
}

// With counters as they are now; where aloha-vrrp does not answer, as they were last heard.
asio::awaitable<v1::Vrrp> Ask(AdminContext& context) {
  if (const std::shared_ptr<Process> vrrp = context.fleet.Find("vrrp")) {
    const auto stub = worker::v1::Vrrp::NewStub(vrrp->channel);
    const worker::v1::GetVrrpStateRequest request;
    const auto state = co_await Call(stub->async(), &worker::v1::Vrrp::Stub::async::GetVrrpState,
                                     request, kTimeout);
    if (state) co_return Describe(context, *state);
  }
  co_return Describe(context, context.vrrp.state());
}

asio::awaitable<void> Follow(AdminContext& context, std::shared_ptr<VrrpStream::Handle> stream) {
  if (const Result<> in_use = InUse(context); !in_use) {
    stream->End(ToAdminStatus(in_use, {}));
    co_return;
  }
  const auto watch = context.vrrp.OnChange(
      [&context, stream] { stream->Send(Describe(context, context.vrrp.state())); });
  stream->Send(co_await Ask(context));
  while (stream->alive()) co_await Sleep(std::chrono::seconds(1));
}

}  // namespace

bool UsesVrrp(const AdminContext& context) {
  const Compiled& compiled = context.configuration.compiled();
  return compiled.vrrp.routers_size() > 0 || !compiled.no_interface.empty();
}

v1::Vrrp DescribeVrrp(const AdminContext& context) {
  return Describe(context, context.vrrp.state());
}

grpc::ServerUnaryReactor* HighAvailabilityApi::GetVrrp(grpc::CallbackServerContext* call,
                                                       const v1::GetVrrpRequest*,
                                                       v1::Vrrp* response) {
  return ServeCall(context_, call, CallKind::kRead, "HighAvailability/GetVrrp",
                   [this, response](Caller&) -> asio::awaitable<Result<>> {
                     if (auto in_use = InUse(context_); !in_use) co_return in_use;
                     *response = co_await Ask(context_);
                     co_return Result<>();
                   });
}

grpc::ServerWriteReactor<v1::Vrrp>* HighAvailabilityApi::WatchVrrp(
    grpc::CallbackServerContext* call, const v1::WatchVrrpRequest*) {
  return ServeStream<v1::Vrrp>(context_, call, CallKind::kRead, "HighAvailability/WatchVrrp",
                               [this](auto handle) { return Follow(context_, std::move(handle)); });
}

grpc::ServerUnaryReactor* HighAvailabilityApi::ReleaseMastership(
    grpc::CallbackServerContext* call, const v1::ReleaseMastershipRequest* request,
    v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kOperate, "HighAvailability/ReleaseMastership",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        if (auto in_use = InUse(context_); !in_use) co_return in_use;
        const bool cancel = request->cancel();
        const Result<> done = cancel ? co_await context_.tracking.Cancel()
                                     : co_await context_.tracking.Release(caller.actor);
        if (!done) co_return done;
        FillEvent(context_.events.Add(
                      Event::INFO, "vrrp", "all",
                      cancel ? "this node may have the virtual addresses again"
                             : "released: other nodes that live get the virtual addresses",
                      caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
