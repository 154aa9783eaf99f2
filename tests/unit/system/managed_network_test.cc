#include "workers/system/managed_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/unit/system/networks.h"

namespace aloha::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ManagedNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_UNLESS_ROOT();
    Shell("ip address flush dev eth0 scope global");
  }

  static NetworkPlan Plan(const std::vector<std::string>& addresses,
                          const std::vector<std::string>& gateways = {},
                          const std::vector<std::pair<std::string, std::string>>& routes = {}) {
    worker::v1::ManagedNetwork config;
    config.set_interface("eth0");
    for (const std::string& address : addresses) config.add_addresses(address);
    for (const std::string& gateway : gateways) config.add_gateways(gateway);
    for (const auto& [network, router] : routes) {
      worker::v1::ManagedRoute* route = config.add_routes();
      route->set_network(network);
      route->set_router(router);
    }
    return *ParseNetworkPlan(config);
  }
  void Run(const std::optional<NetworkPlan>& plan) {
    const auto prepared = network_.Prepare(plan);
    ASSERT_TRUE(prepared) << prepared.error().message;
    network_.Commit();
  }
  // The whole of it, to be compared.
  static std::string State() {
    return Shell(
        "ip -o address show dev eth0 scope global | grep -o 'inet.*scope'; ip route show;"
        "ip -6 route show default; ip -6 route show fd77::/16; ip -br link | cut -c -60");
  }
  // Whether the kernel marks addresses (since 5.18).
  bool MarksAddresses() {
    const auto addresses = ReadAddresses(netlink_);
    return std::any_of(addresses->begin(), addresses->end(),
                       [](const InterfaceAddress& a) { return a.protocol == kManaged; });
  }

  const Cable cable_;
  Netlink netlink_ = std::move(*Netlink::Open());
  Log log_{{.program = "aloha-test"}};
  std::string virtual_ = "10.9.9.9";
  const std::function<bool(const net::Ip&)> is_virtual_ = [this](const net::Ip& ip) {
    return net::FormatIp(ip) == virtual_;
  };
  ManagedNetwork network_{netlink_, log_, is_virtual_};
};

TEST_F(ManagedNetworkTest, SetsAddressesAndRoutes) {
  Shell("ip link set eth0 down");
  Run(Plan({"10.9.0.17/16", "fd09::17/64"}, {"10.9.0.2", "fd09::2"},
           {{"10.77.0.0/16", "10.9.0.3"}, {"fd77::/16", "fd09::3"}}));
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.0.17/16"), HasSubstr("fd09::17/64"),
                             HasSubstr("default via 10.9.0.2 dev eth0 proto 112"),
                             HasSubstr("default via fd09::2 dev eth0 proto 112"),
                             HasSubstr("10.77.0.0/16 via 10.9.0.3 dev eth0 proto 112"),
                             HasSubstr("fd77::/16 via fd09::3 dev eth0 proto 112")));
  const std::string before = State();
  Run(Plan({"10.9.0.17/16", "fd09::17/64"}, {"10.9.0.2", "fd09::2"},
           {{"10.77.0.0/16", "10.9.0.3"}, {"fd77::/16", "fd09::3"}}));
  EXPECT_EQ(State(), before) << "once more changes nothing";
}

TEST_F(ManagedNetworkTest, MovesWithoutAMomentWithoutAddress) {
  Run(Plan({"10.9.0.17/16", "fd09::17/64"}, {"10.9.0.2", "fd09::2"},
           {{"10.77.0.0/16", "10.9.0.3"}, {"fd77::/16", "fd09::3"}}));
  const NetworkPlan next = Plan({"10.9.0.18/16", "fd09::18/64"}, {"10.9.0.4", "fd09::4"},
                                {{"10.77.0.0/16", "10.9.0.5"}, {"fd77::/16", "fd09::5"}});
  const auto prepared = network_.Prepare(next);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.0.17/16"), HasSubstr("10.9.0.18/16")));
  network_.Commit();
  EXPECT_THAT(State(),
              AllOf(HasSubstr("10.9.0.18/16"), HasSubstr("fd09::18/64"),
                    HasSubstr("default via 10.9.0.4"), HasSubstr("default via fd09::4"),
                    HasSubstr("10.77.0.0/16 via 10.9.0.5"), HasSubstr("fd77::/16 via fd09::5")));
  EXPECT_THAT(State(), AllOf(Not(HasSubstr("10.9.0.17")), Not(HasSubstr("fd09::17")),
                             Not(HasSubstr("10.9.0.2 ")), Not(HasSubstr("fd09::2 ")),
                             Not(HasSubstr("10.9.0.3 ")), Not(HasSubstr("fd09::3 "))));
}

TEST_F(ManagedNetworkTest, ChangesTheLengthOfANetwork) {
  Run(Plan({"10.9.0.17/16", "fd09::17/64"}, {"10.9.0.2", "fd09::2"}));
  Run(Plan({"10.9.0.17/24", "fd09::17/48"}, {"10.9.0.2", "fd09::2"}));
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.0.17/24"), Not(HasSubstr("10.9.0.17/16")),
                             HasSubstr("fd09::17/48"), Not(HasSubstr("fd09::17/64")),
                             HasSubstr("default via 10.9.0.2"), HasSubstr("default via fd09::2")));
}

TEST_F(ManagedNetworkTest, AbortAndFailureLeaveWhatWas) {
  Run(Plan({"10.9.0.17/16"}, {"10.9.0.2"}));
  const std::string before = State();
  ASSERT_TRUE(network_.Prepare(Plan({"10.9.0.18/16", "10.20.0.1/16"}, {"10.20.0.2"})));
  EXPECT_NE(State(), before);
  network_.Abort();
  EXPECT_EQ(State(), before);
  const auto refused = network_.Prepare(
      Plan({"10.9.0.18/16", "10.20.0.1/16"}, {"10.20.0.2"}, {{"10.77.0.0/16", "192.0.2.1"}}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("network: set route 10.77.0.0/16 via 192.0.2.1: "));
  EXPECT_EQ(refused.error().field, "system.network");
  EXPECT_EQ(State(), before);
  ASSERT_TRUE(network_.Prepare(Plan({"10.9.0.19/16"})));
  ASSERT_TRUE(network_.Prepare(Plan({"10.9.0.20/16"})));
  EXPECT_THAT(State(), Not(HasSubstr("10.9.0.19"))) << "a second one replaces the first";
}

TEST_F(ManagedNetworkTest, TakesOverWhatTheHostSet) {
  Shell("ip address add 10.9.0.17/16 dev eth0; ip route add default via 10.9.0.9");
  Shell("ip address add 10.9.0.77/16 dev eth0");
  Run(Plan({"10.9.0.17/16"}, {"10.9.0.2"}));
  EXPECT_THAT(State(), AllOf(HasSubstr("default via 10.9.0.2"), Not(HasSubstr("10.9.0.9 ")),
                             HasSubstr("10.9.0.77/16")));
  Run(Plan({"10.9.0.18/16"}, {"10.9.0.2"}));
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.0.18/16"), Not(HasSubstr("10.9.0.17/16")),
                             HasSubstr("10.9.0.77/16"), HasSubstr("default via 10.9.0.2")));
}

TEST_F(ManagedNetworkTest, SparesVirtualAddressesAndOtherInterfaces) {
  Shell("ip link add other type veth peer name far; ip link set other up; ip link set far up");
  Shell("ip address add 10.30.0.1/16 dev other; ip route add 10.31.0.0/16 via 10.30.0.2");
  Run(Plan({"10.9.0.17/16"}));
  Shell("ip address add 10.9.9.9/16 dev eth0");
  Run(Plan({"10.9.0.18/16"}));
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.9.9/16"), HasSubstr("10.9.0.18/16"),
                             Not(HasSubstr("10.9.0.17"))));
  EXPECT_THAT(Shell("ip address; ip route"),
              AllOf(HasSubstr("10.30.0.1/16"), HasSubstr("10.31.0.0/16 via 10.30.0.2")));
}

TEST_F(ManagedNetworkTest, ANextProcessKnowsWhatToRemove) {
  Run(Plan({"10.9.0.17/16"}, {"10.9.0.2"}, {{"10.77.0.0/16", "10.9.0.3"}}));
  ASSERT_TRUE(MarksAddresses());
  ManagedNetwork next(netlink_, log_, is_virtual_);
  ASSERT_TRUE(next.Prepare(Plan({"10.9.0.18/16"})));
  next.Commit();
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.0.18/16"), Not(HasSubstr("10.9.0.17")),
                             Not(HasSubstr("default via 10")), Not(HasSubstr("10.77"))));
}

TEST_F(ManagedNetworkTest, LeavesItAllWhereItManagesNothing) {
  Run(Plan({"10.9.0.17/16"}, {"10.9.0.2"}));
  const std::string before = State();
  Run(std::nullopt);
  EXPECT_EQ(State(), before);
  Run(Plan({}));  // no lease yet
  EXPECT_EQ(State(), before);
}

TEST_F(ManagedNetworkTest, HandsBackWhatWasTheHosts) {
  Shell("ip address add 10.9.0.17/16 dev eth0; ip route add default via 10.9.0.9");
  Shell("ip address add fd09::17/64 dev eth0; ip -6 route add default via fd09::9");
  const std::string before = State();
  Run(Plan({"10.9.0.18/16", "fd09::18/64"}, {"10.9.0.2", "fd09::2"},
           {{"10.77.0.0/16", "10.9.0.3"}, {"fd77::/16", "fd09::3"}}));
  EXPECT_THAT(State(), AllOf(Not(HasSubstr("10.9.0.9 ")), Not(HasSubstr("fd09::9 "))));
  Run(std::nullopt);
  EXPECT_EQ(State(), before);
}

TEST_F(ManagedNetworkTest, SetsItUpAgainWhenTheInterfaceComesBack) {
  Run(Plan({"10.9.0.17/16"}, {"10.9.0.2"}));
  cable_.Pull();
  network_.OnNetworkChange();
  cable_.PutIn();
  network_.OnNetworkChange();
  EXPECT_THAT(State(), AllOf(HasSubstr("10.9.0.17/16"), HasSubstr("default via 10.9.0.2")));
}

TEST_F(ManagedNetworkTest, SaysWhatCannotBe) {
  const std::string before = State();
  NetworkPlan plan = Plan({"10.9.0.17/16"});
  plan.interface = "eth7";
  auto refused = network_.Prepare(plan);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("there is no network interface \"eth7\""));
  refused = network_.Prepare(Plan({"10.9.0.17/16"}, {"192.0.2.1"}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("set route default via 192.0.2.1: "));
  EXPECT_EQ(State(), before);
  AsUser(kNobody, [&] {
    Netlink netlink = std::move(*Netlink::Open());
    ManagedNetwork network(netlink, log_, is_virtual_);
    const auto denied = network.Prepare(Plan({"10.9.0.17/16"}));
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, Code::kPermissionDenied);
    EXPECT_THAT(denied.error().message, HasSubstr("needs CAP_NET_ADMIN"));
  });
}

// With 802.1Q in the kernel it is set, without the refusal names it and nothing stays.
TEST_F(ManagedNetworkTest, PutsAddressesOnAVlan) {
  const std::string before = State();
  NetworkPlan plan = Plan({"10.40.0.17/16"}, {"10.40.0.1"});
  plan.vlan_id = 12;
  const auto prepared = network_.Prepare(plan);
  if (!prepared) {
    EXPECT_THAT(prepared.error().message, HasSubstr("make interface eth0.12 (vlan): "));
    EXPECT_EQ(State(), before);
    EXPECT_EQ(getenv("ALOHA_HAS_VLAN"), nullptr) << prepared.error().message;  // tests/guest
    return;
  }
  network_.Commit();
  EXPECT_THAT(Shell("ip -d address show dev eth0.12"),
              AllOf(HasSubstr("vlan protocol 802.1Q id 12"), HasSubstr("10.40.0.17/16")));
  Run(Plan({"10.9.0.17/16"}));
  EXPECT_THAT(Shell("ip link"), Not(HasSubstr("eth0.12")));
}

TEST(NetworkPlan, NamesTheFieldThatIsWrong) {
  const auto field = [](const std::function<void(worker::v1::ManagedNetwork&)>& change) {
    worker::v1::ManagedNetwork config;
    config.set_interface("eth0");
    config.add_addresses("10.9.0.17/16");
    change(config);
    const auto plan = ParseNetworkPlan(config);
    return plan ? "accepted" : plan.error().field;
  };
  EXPECT_EQ(field([](auto&) {}), "accepted");
  EXPECT_EQ(field([](auto& c) { c.clear_interface(); }), "system.network.interface");
  EXPECT_EQ(field([](auto& c) { c.set_interface("0123456789abc"), c.set_vlan_id(12); }),
            "system.network.interface");
  EXPECT_EQ(field([](auto& c) { c.set_vlan_id(4095); }), "system.network.vlan_id");
  EXPECT_EQ(field([](auto& c) { c.add_addresses("10.9.0.300/8"); }), "system.network.addresses");
  EXPECT_EQ(field([](auto& c) { c.add_gateways("10.9.0.2/16"); }), "system.network.gateways");
  EXPECT_EQ(field([](auto& c) { c.add_gateways("10.9.0.2"), c.add_gateways("10.9.0.3"); }),
            "system.network.gateways");
  EXPECT_EQ(field([](auto& c) { c.add_routes()->set_network("10.0.0.0"); }),
            "system.network.routes.router");
  EXPECT_EQ(field([](auto& c) { c.add_routes()->set_network("nonsense"); }),
            "system.network.routes.network");
}

}  // namespace
}  // namespace aloha::system
