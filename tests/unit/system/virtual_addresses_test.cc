#include "workers/system/virtual_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/ethernet.h>

#include "tests/unit/system/networks.h"

namespace aloha::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using worker::v1::AddressRequest;
using worker::v1::AddressState;

class VirtualAddressesTest : public testing::Test {
 protected:
  void SetUp() override { SKIP_UNLESS_ROOT(); }

  static worker::v1::SystemSnapshot Snapshot(const std::vector<std::string>& ipv4,
                                             const std::vector<std::string>& ipv6 = {},
                                             bool virtual_mac = false) {
    worker::v1::SystemSnapshot snapshot;
    for (const auto& [name, addresses] : {std::pair("ipv4", ipv4), std::pair("ipv6", ipv6)}) {
      if (addresses.empty()) continue;
      worker::v1::VirtualAddresses* router = snapshot.add_virtual_addresses();
      router->set_router(name);
      router->set_interface("eth0");
      router->set_vrid(51);
      router->set_virtual_mac(virtual_mac);
      for (const std::string& address : addresses) router->add_addresses(address);
    }
    return snapshot;
  }
  static void Run(VirtualAddresses& set, const worker::v1::SystemSnapshot& snapshot) {
    const auto prepared = set.Prepare(snapshot);
    ASSERT_TRUE(prepared) << prepared.error().field << ": " << prepared.error().message;
    set.Commit();
  }
  AddressState Ask(AddressRequest::Action action, const std::string& router = "ipv4") {
    AddressRequest request;
    request.set_number(++number_);
    request.set_router(router);
    request.set_action(action);
    AddressState answer = set_.Carry(request);
    EXPECT_EQ(answer.number(), number_);
    EXPECT_EQ(answer.router(), router);
    return answer;
  }
  // Claims and expects success.
  void Claim(const std::string& router = "ipv4") {
    const AddressState answer = Ask(AddressRequest::CLAIM, router);
    EXPECT_TRUE(answer.held()) << answer.problem();
    EXPECT_EQ(answer.problem(), "");
  }
  static std::string Addresses() { return Shell("ip address show"); }

  const Cable cable_;
  asio::io_context loop_;
  Netlink netlink_ = std::move(*Netlink::Open());
  Log log_{{.program = "aloha-test"}};
  VirtualAddresses set_{loop_, netlink_, log_};
  uint64_t number_ = 0;
};

TEST_F(VirtualAddressesTest, ClaimsAnnouncesAndReleases) {
  UniqueFd there;
  Run(set_, Snapshot({"10.9.0.253/16", "10.9.0.254"}, {"fd09::fd/64"}));
  std::unique_ptr<Capture> capture;
  cable_.There([&] { capture = std::make_unique<Capture>("peer"); });
  Claim("ipv4");
  Claim("ipv6");
  EXPECT_THAT(Addresses(), AllOf(HasSubstr("10.9.0.253/16"), HasSubstr("10.9.0.254/32"),
                                 HasSubstr("fd09::fd/64"), Not(HasSubstr("tentative"))));
  const auto link = ReadLinks(netlink_);
  const MacAddress mac = FindLink(*link, "eth0")->mac;
  EXPECT_EQ(capture->Next(ETHERTYPE_ARP), MakeAnnouncement(mac, *net::ParseIp("10.9.0.253")));
  EXPECT_EQ(capture->Next(ETHERTYPE_ARP), MakeAnnouncement(mac, *net::ParseIp("10.9.0.254")));
  size_t more = 0;
  EXPECT_TRUE(RunUntil(loop_, [&] { return (more += capture->Count(ETHERTYPE_ARP)) >= 6; }))
      << "three times more within a second, the last time after it";
  usleep(150'000);  // more often would change nothing
  EXPECT_TRUE(Ask(AddressRequest::ANNOUNCE).held());
  EXPECT_EQ(capture->Next(ETHERTYPE_ARP), MakeAnnouncement(mac, *net::ParseIp("10.9.0.253")));
  Claim("ipv4");
  const AddressState released = Ask(AddressRequest::RELEASE);
  EXPECT_FALSE(released.held());
  EXPECT_EQ(released.problem(), "");
  EXPECT_THAT(Addresses(), AllOf(Not(HasSubstr("10.9.0.25")), HasSubstr("fd09::fd/64"),
                                 HasSubstr("10.9.0.1/16")));
  EXPECT_EQ(Ask(AddressRequest::RELEASE).problem(), "") << "twice is fine";
  EXPECT_FALSE(Ask(AddressRequest::ANNOUNCE).held());
}

TEST_F(VirtualAddressesTest, AnnouncesIpv6) {
  Run(set_, Snapshot({}, {"fd09::fd"}));
  std::unique_ptr<Capture> capture;
  cable_.There([&] { capture = std::make_unique<Capture>("peer"); });
  Claim("ipv6");
  const std::string wanted =
      MakeAnnouncement(FindLink(*ReadLinks(netlink_), "eth0")->mac, *net::ParseIp("fd09::fd"));
  std::string frame;
  while (frame != wanted) {
    frame = capture->Next(ETHERTYPE_IPV6);  // others are of the kernel: it reports its groups
    ASSERT_NE(frame, "");
  }
}

TEST_F(VirtualAddressesTest, ANextProcessFindsWhatIsSet) {
  Run(set_, Snapshot({"10.9.0.253/16"}, {"fd09::fd"}));
  Claim("ipv4");
  VirtualAddresses next(loop_, netlink_, log_);
  Run(next, Snapshot({"10.9.0.253/16"}, {"fd09::fd"}));
  ASSERT_EQ(next.States().size(), 2U);
  EXPECT_TRUE(next.States()[0].held());
  EXPECT_FALSE(next.States()[1].held());
  next.ReleaseAll("a test");
  EXPECT_THAT(Addresses(), Not(HasSubstr("10.9.0.253")));
}

TEST_F(VirtualAddressesTest, RemovesWhatASnapshotNamesNoMore) {
  Run(set_, Snapshot({"10.9.0.253"}, {"fd09::fd"}));
  Claim("ipv4");
  Claim("ipv6");
  ASSERT_TRUE(set_.Prepare(Snapshot({"10.9.0.254"})));
  set_.Abort();
  EXPECT_THAT(Addresses(), AllOf(HasSubstr("10.9.0.253"), HasSubstr("fd09::fd")));
  Run(set_, Snapshot({"10.9.0.254"}));
  EXPECT_THAT(Addresses(), AllOf(HasSubstr("10.9.0.254"), Not(HasSubstr("10.9.0.253")),
                                 Not(HasSubstr("fd09::fd")), HasSubstr("fd09::1/64")));
  VirtualAddresses next(loop_, netlink_, log_);  // knows nothing, but the kernel does
  Run(next, {});
  EXPECT_THAT(Addresses(), AllOf(Not(HasSubstr("10.9.0.254")), HasSubstr("10.9.0.1/16")));
}

TEST_F(VirtualAddressesTest, SetsNothingElse) {
  Run(set_, Snapshot({"10.9.0.253"}));
  EXPECT_THAT(Ask(AddressRequest::CLAIM, "other").problem(), HasSubstr("no router \"other\""));
  Run(set_, {});
  EXPECT_FALSE(Ask(AddressRequest::CLAIM).held());
  EXPECT_THAT(Addresses(), Not(HasSubstr("10.9.0.253")));
}

TEST_F(VirtualAddressesTest, LeavesNothingHalfSet) {
  Run(set_, Snapshot({}, {"fd09::fd", "::1"}));
  const AddressState answer = Ask(AddressRequest::CLAIM, "ipv6");
  EXPECT_FALSE(answer.held());
  EXPECT_THAT(answer.problem(), HasSubstr("set address ::1/128: "));
  EXPECT_THAT(Addresses(), Not(HasSubstr("fd09::fd")));
}

TEST_F(VirtualAddressesTest, SaysThatAnInterfaceIsMissing) {
  Run(set_, Snapshot({"10.9.0.253"}));
  cable_.Pull();
  EXPECT_THAT(Ask(AddressRequest::CLAIM).problem(),
              HasSubstr("there is no network interface \"eth0\""));
  EXPECT_FALSE(set_.Interfaces()[0].up());
}

TEST_F(VirtualAddressesTest, SetsThemAgainWhenTheInterfaceComesBack) {
  for (const bool virtual_mac : {false, true}) {
    Run(set_, Snapshot({"10.9.0.253/16"}, {}, virtual_mac));
    Claim("ipv4");
    cable_.Pull();
    set_.OnNetworkChange();
    EXPECT_FALSE(set_.States()[0].held());
    cable_.PutIn();
    set_.OnNetworkChange();
    EXPECT_TRUE(set_.States()[0].held());
    Shell("ip address flush dev " + std::string(virtual_mac ? "vrrp.51" : "eth0"));
    set_.OnNetworkChange();
    EXPECT_FALSE(set_.States()[0].held()) << "not twice in a second";
    EXPECT_TRUE(RunUntil(loop_, [&] { return set_.States()[0].held(); }));
    Ask(AddressRequest::RELEASE);
  }
}

TEST_F(VirtualAddressesTest, TellsOfInterfaces) {
  Run(set_, Snapshot({"10.9.0.253/16"}, {"fd09::fd/64"}));
  Claim("ipv4");
  Claim("ipv6");
  ASSERT_EQ(set_.Interfaces().size(), 1U);
  const worker::v1::InterfaceState state = set_.Interfaces()[0];
  EXPECT_EQ(state.interface(), "eth0");
  EXPECT_TRUE(state.up());
  EXPECT_GT(state.index(), 0U);
  EXPECT_THAT(state.addresses(),
              testing::UnorderedElementsAre("10.9.0.1", "fd09::1", testing::StartsWith("fe80::")));
  cable_.There([] { Shell("ip link set peer down"); });
  EXPECT_FALSE(set_.Interfaces()[0].up()) << "no carrier";
}

// A client there: what it takes for the address' MAC address, and whether it gets through.
TEST_F(VirtualAddressesTest, AVirtualMacAnswersForItsAddresses) {
  Run(set_, Snapshot({"10.9.0.253"}, {"fd09::fd"}, /*virtual_mac=*/true));
  Claim("ipv4");
  Claim("ipv6");
  EXPECT_THAT(Shell("ip -d link show vrrp.51"),
              AllOf(HasSubstr("00:00:5e:00:01:33"), HasSubstr("macvlan mode private")));
  EXPECT_THAT(Shell("ip -d link show vrrp6.51"), HasSubstr("00:00:5e:00:02:33"));
  EXPECT_THAT(Shell("ip address show dev vrrp.51"), Not(HasSubstr("fe80")));
  const uint32_t port = FreePort();
  const auto v4 = BindListener({"10.9.0.253", port}, {}, 1024);
  const auto v6 = BindListener({"fd09::fd", port}, {}, 1024);
  ASSERT_TRUE(v4 && v6);
  for (int i = 0; i < 2; ++i) {
    cable_.There([&] {
      EXPECT_TRUE(Connects({"10.9.0.253", port}));
      EXPECT_TRUE(Connects({"fd09::fd", port}));
      const std::string neighbours = Shell("ip neighbour show dev peer");
      EXPECT_THAT(neighbours, HasSubstr("10.9.0.253 lladdr 00:00:5e:00:01:33"));
      EXPECT_THAT(neighbours, HasSubstr("fd09::fd lladdr 00:00:5e:00:02:33"));
    });
    // Whoever has to ask for the client's MAC address does not give its own away as the other's.
    Shell("ip neighbour flush dev eth0");
  }
  Ask(AddressRequest::RELEASE, "ipv4");
  Ask(AddressRequest::RELEASE, "ipv6");
  EXPECT_THAT(Shell("ip link show"), Not(HasSubstr("vrrp")));
  EXPECT_EQ(Shell("sysctl -n net.ipv4.conf.eth0.arp_ignore net.ipv4.conf.eth0.arp_announce"),
            "0\n0\n");
}

TEST_F(VirtualAddressesTest, AVirtualMacComesAndGoesWithASnapshot) {
  Run(set_, Snapshot({"10.9.0.253"}));
  Claim();
  Run(set_, Snapshot({"10.9.0.253"}, {}, /*virtual_mac=*/true));
  EXPECT_TRUE(set_.States()[0].held());
  EXPECT_THAT(Shell("ip address show dev eth0"), Not(HasSubstr("10.9.0.253")));
  Run(set_, Snapshot({"10.9.0.253"}));
  EXPECT_TRUE(set_.States()[0].held());
  EXPECT_THAT(Shell("ip link show"), Not(HasSubstr("vrrp")));
  Shell("ip link add vrrp.51 type veth peer name x");
  Run(set_, Snapshot({"10.9.0.253"}, {}, /*virtual_mac=*/true));
  EXPECT_THAT(Ask(AddressRequest::CLAIM).problem(),
              HasSubstr("interface vrrp.51 is there already and is another one"));
}

TEST_F(VirtualAddressesTest, RejectsWhatCannotBe) {
  const auto field = [&](const std::function<void(worker::v1::VirtualAddresses&)>& change) {
    worker::v1::SystemSnapshot snapshot = Snapshot({"10.9.0.253"});
    change(*snapshot.mutable_virtual_addresses(0));
    const auto prepared = set_.Prepare(snapshot);
    return prepared ? "accepted" : prepared.error().field;
  };
  const std::string at = "system.virtual_addresses[0].";
  EXPECT_EQ(field([](auto& router) { router.clear_router(); }), at + "router");
  EXPECT_EQ(field([](auto& router) { router.set_interface("sixteencharacter"); }),
            at + "interface");
  EXPECT_EQ(field([](auto& router) { router.set_vrid(256); }), at + "vrid");
  EXPECT_EQ(field([](auto& router) { router.clear_addresses(); }), at + "addresses");
  EXPECT_EQ(field([](auto& router) { router.add_addresses("fd09::1"); }), at + "addresses");
  EXPECT_EQ(field([](auto& router) { router.add_addresses("10.9.0.1/33"); }), at + "addresses");
  EXPECT_EQ(field([](auto& router) { router.add_addresses("10.9.0.1/"); }), at + "addresses");
  EXPECT_EQ(field([](auto& router) { router.add_addresses("0.0.0.0"); }), at + "addresses");
  EXPECT_EQ(field([](auto& router) { router.add_addresses("224.0.0.18"); }), at + "addresses");
}

}  // namespace
}  // namespace aloha::system
