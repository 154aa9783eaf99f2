#include "tests/unit/vrrp/worker_process.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <set>
#include <thread>

#include "workers/runtime/descriptors.h"
#include "workers/runtime/packet.h"

namespace aloha::vrrp {

using worker::v1::AddressRequest;
using worker::v1::VirtualRouterState;

grpc::Status WorkerProcess::Use(const Namespace& space, const worker::v1::VrrpSnapshot& vrrp) {
  for (const auto& router : vrrp.routers()) {
    const bool ipv6 = router.addresses(0).find(':') != std::string::npos;
    const UniqueFd socket = space.RawSocket(router.interface(), ipv6);
    Give(NameVrrpSocket(router.interface(), ipv6), socket.get());
  }
  worker::v1::Snapshot snapshot;
  *snapshot.mutable_vrrp() = vrrp;
  return SpawnedWorker::Use(std::move(snapshot));
}

void WorkerProcess::Tell(const worker::v1::SystemNotice& notice) {
  EXPECT_TRUE(SendPacket(system_.get(), notice.SerializeAsString()));
}

void WorkerProcess::TellInterface(const Namespace& space, bool up,
                                  const std::vector<std::string>& addresses) {
  worker::v1::SystemNotice notice;
  auto* state = notice.mutable_interface();
  state->set_interface("eth0");
  state->set_up(up);
  state->set_index(space.IndexOf("eth0"));
  for (const std::string& address : addresses) state->add_addresses(address);
  Tell(notice);
}

void WorkerProcess::TellAddresses(const std::string& router, bool held, uint64_t number,
                                  const std::string& problem) {
  worker::v1::SystemNotice notice;
  notice.mutable_address()->set_router(router);
  notice.mutable_address()->set_held(held);
  notice.mutable_address()->set_number(number);
  notice.mutable_address()->set_problem(problem);
  Tell(notice);
}

std::optional<AddressRequest> WorkerProcess::NextRequest() {
  pollfd ready{system_.get(), POLLIN, 0};
  if (poll(&ready, 1, 20'000) != 1) return {};
  const Result<Packet> packet = ReceivePacket(system_.get());
  AddressRequest request;
  if (!packet || !request.ParseFromString(packet->payload)) return {};
  return request;
}

void WorkerProcess::Grant(AddressRequest::Action action) {
  const auto request = NextRequest();
  ASSERT_TRUE(request) << "no request to aloha-system";
  ASSERT_EQ(request->action(), action);
  TellAddresses(request->router(), action != AddressRequest::RELEASE, request->number());
}

VirtualRouterState WorkerProcess::GetState() {
  worker::v1::VrrpState state;
  EXPECT_TRUE(vrrp_->GetVrrpState(Call().get(), {}, &state).ok());
  return state.routers_size() == 0 ? VirtualRouterState() : state.routers(0);
}

VirtualRouterState WorkerProcess::Await(VirtualRouterState::State state) {
  const auto call = Call();
  const auto reader = vrrp_->WatchVrrpState(call.get(), {});
  worker::v1::VrrpState seen;
  while (reader->Read(&seen)) {
    if (seen.routers_size() == 0 || seen.routers(0).state() != state) continue;
    call->TryCancel();
    return seen.routers(0);
  }
  ADD_FAILURE() << "never " << VirtualRouterState::State_Name(state) << ", but "
                << seen.ShortDebugString();
  return {};
}

void WorkerProcess::Hinder(const std::string& reason) {
  worker::v1::SetHindrancesRequest request;
  if (!reason.empty()) {
    request.add_hindrances()->set_name("haproxy");
    request.mutable_hindrances(0)->set_reason(reason);
  }
  worker::v1::SetHindrancesResponse response;
  EXPECT_TRUE(vrrp_->SetHindrances(Call().get(), request, &response).ok());
}

void WorkerProcess::Drain(std::chrono::milliseconds timeout) {
  worker::v1::DrainRequest request;
  request.set_timeout_ms(static_cast<uint64_t>(timeout.count()));
  worker::v1::DrainResponse response;
  EXPECT_TRUE(worker().Drain(Call().get(), request, &response).ok());
}

worker::v1::VrrpSnapshot OneRouter(int priority, bool ipv6, int interval_cs, int version) {
  worker::v1::VrrpSnapshot snapshot;
  auto* router = snapshot.add_routers();
  router->set_name(ipv6 ? "ipv6" : "ipv4");
  router->set_interface("eth0");
  router->set_version(static_cast<uint32_t>(version));
  router->set_vrid(51);
  router->set_priority(static_cast<uint32_t>(priority));
  router->set_advert_interval_cs(static_cast<uint32_t>(interval_cs));
  router->set_preempt(true);
  router->add_addresses(ipv6 ? "fe80::99" : "192.168.0.253");
  return snapshot;
}

}  // namespace aloha::vrrp
