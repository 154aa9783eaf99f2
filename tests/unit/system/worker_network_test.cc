// aloha-system as a process, confined and with its three capabilities, as it serves aloha-vrrp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/unit/system/networks.h"
#include "worker/v1/vrrp.pb.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/packet.h"

namespace aloha::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using worker::v1::AddressRequest;

worker::v1::BindRequest VrrpSockets(const std::string& interface) {
  worker::v1::BindRequest request;
  for (const bool ipv6 : {false, true}) {
    request.add_vrrp_sockets()->set_interface(interface);
    request.mutable_vrrp_sockets()->rbegin()->set_ipv6(ipv6);
  }
  return request;
}

worker::v1::SystemSnapshot Snapshot() {
  worker::v1::SystemSnapshot snapshot;
  *snapshot.mutable_vrrp_sockets() = VrrpSockets("eth0").vrrp_sockets();
  worker::v1::VirtualAddresses* router = snapshot.add_virtual_addresses();
  router->set_router("ipv4");
  router->set_interface("eth0");
  router->set_vrid(51);
  router->set_virtual_mac(true);
  router->add_addresses("10.9.0.253");
  return snapshot;
}

// Gives the worker a channel as of aloha-vrrp; this end of it.
UniqueFd ConnectVrrp(Supervision& supervisor) {
  SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
  worker::v1::Descriptor name;
  name.set_peer_role("vrrp");
  supervisor.HandOver(name, pair.theirs.get());
  return std::move(pair.ours);
}

worker::v1::AddressState Ask(int channel, AddressRequest::Action action) {
  static uint64_t number = 0;
  AddressRequest request;
  request.set_number(++number);
  request.set_router("ipv4");
  request.set_action(action);
  EXPECT_TRUE(SendPacket(channel, request.SerializeAsString()));
  pollfd wait{.fd = channel, .events = POLLIN, .revents = 0};
  while (poll(&wait, 1, 20'000) == 1) {
    const auto packet = ReceivePacket(channel);
    worker::v1::SystemNotice notice;
    if (!packet || !notice.ParseFromString(packet->payload)) break;
    if (notice.address().number() == number) return notice.address();
  }
  ADD_FAILURE() << "no answer";
  return {};
}

TEST(SystemWorkerNetwork, ServesVrrpAndOutlivesItself) {
  SKIP_UNLESS_ROOT();
  const Cable cable;
  const WorkerFiles files;
  std::vector<std::pair<worker::v1::Descriptor, UniqueFd>> sockets;
  {
    const SystemProcess process(files, kNobody, CopyWithFileCapabilities(files.folder));
    Supervision supervisor(files);
    const grpc::Status bound = supervisor.Bind(VrrpSockets("eth0"));
    ASSERT_TRUE(bound.ok()) << bound.error_message();
    sockets = supervisor.Receive();
    ASSERT_EQ(sockets.size(), 2U);
    EXPECT_EQ(sockets[0].first.vrrp().interface(), "eth0");
    EXPECT_TRUE(sockets[1].first.vrrp().ipv6());
    ASSERT_TRUE(supervisor.PrepareSnapshot(1, Snapshot()).ok());
    ASSERT_TRUE(supervisor.Commit(1).ok());
    const UniqueFd vrrp = ConnectVrrp(supervisor);
    const worker::v1::AddressState state = Ask(vrrp.get(), AddressRequest::CLAIM);
    EXPECT_TRUE(state.held()) << state.problem();
    Supervision another(files);
    EXPECT_EQ(another.Receive().size(), 2U) << "every supervisor gets what is held";
  }
  EXPECT_THAT(Shell("ip address"), HasSubstr("10.9.0.253/32")) << "its death changes nothing";
  const SystemProcess successor(files);
  Supervision supervisor(files);
  const grpc::Status rejected = supervisor.PrepareSnapshot(1, Snapshot());
  EXPECT_THAT(rejected.error_message(),
              HasSubstr("VRRP over IPv4 on eth0: neither bound nor handed over"));
  for (const auto& [name, socket] : sockets) supervisor.HandOver(name, socket.get());
  ASSERT_TRUE(supervisor.PrepareSnapshot(1, Snapshot()).ok());
  ASSERT_TRUE(supervisor.Commit(1).ok());
  const UniqueFd vrrp = ConnectVrrp(supervisor);
  EXPECT_TRUE(Ask(vrrp.get(), AddressRequest::ANNOUNCE).held());
  EXPECT_FALSE(Ask(vrrp.get(), AddressRequest::RELEASE).held());
  EXPECT_THAT(Shell("ip address"), Not(HasSubstr("10.9.0.253")));
}

TEST(SystemWorkerNetwork, EitherAllOfTheNetworkChangesOrNothing) {
  SKIP_UNLESS_ROOT();
  const Cable cable;
  const WorkerFiles files;
  const SystemProcess process(files);
  Supervision supervisor(files);
  worker::v1::SystemSnapshot snapshot;
  snapshot.mutable_network()->set_interface("eth0");
  snapshot.mutable_network()->add_addresses("10.9.0.17/16");
  snapshot.mutable_network()->add_gateways("192.0.2.1");
  EXPECT_THAT(supervisor.PrepareSnapshot(1, snapshot).error_message(),
              HasSubstr("network: set route default via 192.0.2.1"));
  EXPECT_THAT(Shell("ip address"), Not(HasSubstr("10.9.0.17")));
  snapshot.mutable_network()->set_gateways(0, "10.9.0.2");
  ASSERT_TRUE(supervisor.PrepareSnapshot(1, snapshot).ok());
  ASSERT_TRUE(supervisor.Abort().ok());
  EXPECT_THAT(Shell("ip address"), Not(HasSubstr("10.9.0.17")));
  ASSERT_TRUE(supervisor.PrepareSnapshot(2, snapshot).ok());
  ASSERT_TRUE(supervisor.Commit(2).ok());
  EXPECT_THAT(Shell("ip address; ip route"),
              AllOf(HasSubstr("10.9.0.17/16"), HasSubstr("default via 10.9.0.2")));
  uint32_t cut = 1;
  EXPECT_TRUE(supervisor.Drain(&cut).ok());
  EXPECT_THAT(Shell("ip address"), HasSubstr("10.9.0.17/16")) << "managed addresses stay";
}

TEST(SystemWorkerNetwork, NamesWhatItMayNotDo) {
  SKIP_UNLESS_ROOT();
  const Cable cable;
  const WorkerFiles files;
  const SystemProcess process(files, kNobody);
  Supervision supervisor(files);
  const grpc::Status refused = supervisor.Bind(VrrpSockets("eth0"));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), AllOf(HasSubstr("VRRP over IPv4 on eth0: permission denied"),
                                             HasSubstr("needs CAP_NET_RAW")));
  EXPECT_THAT(supervisor.Bind(VrrpSockets("eth7")).error_message(),
              HasSubstr("there is no network interface \"eth7\""));
  worker::v1::SystemSnapshot snapshot;
  *snapshot.mutable_virtual_addresses() = Snapshot().virtual_addresses();
  EXPECT_THAT(supervisor.PrepareSnapshot(1, snapshot).error_message(),
              HasSubstr("needs CAP_NET_RAW"));
}

}  // namespace
}  // namespace aloha::system
