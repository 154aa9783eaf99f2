// The machine's own addresses: what a change of them is told as, which of them may cut somebody
// off, and what validation says of interfaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/plan.h"
#include "supervisor/config/plan_network.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kStatic[] = R"(network { managed: true interface: "eth0" address: "10.0.0.17"
  netmask: "255.255.0.0" gateway: "10.0.1.1" })";
constexpr char kDhcp[] = R"(network { managed: true interface: "eth0" dhcp: true })";

config::v1::NetworkLease Lease(const std::string& address) {
  config::v1::NetworkLease lease;
  lease.set_interface("eth0");
  lease.set_address(address);
  lease.set_router("10.0.1.1");
  return lease;
}

Compiled Make(const std::string& text, const config::v1::NetworkLease& lease = {}) {
  const ParsedConfig checked = CheckConfig(text, Facts{});
  EXPECT_FALSE(HasErrors(checked.problems)) << text;
  return Compile(checked.config, {.default_interface = "eth0", .lease = lease});
}

std::vector<std::string> Texts(const Compiled& running, const Compiled& next) {
  std::vector<std::string> texts;
  for (const PlanStep& step : Plan(running, next)) texts.push_back(step.text);
  return texts;
}

TEST(NetworkPlanTest, TellsWhatIsManagedAndWhatNotAnyMore) {
  EXPECT_THAT(Texts(Make(""), Make(kStatic)),
              ElementsAre("network: eth0 is managed from now on, with address 10.0.0.17/16 and "
                          "gateway 10.0.1.1"));
  EXPECT_THAT(Texts(Make(kStatic), Make("")),
              ElementsAre("network: eth0 is the host's business from now on"));
  EXPECT_THAT(Texts(Make(""), Make(kDhcp)),
              ElementsAre("network: eth0 is managed from now on, with address by DHCP and gateway "
                          "none"));
}

TEST(NetworkPlanTest, TellsEachDifference) {
  const std::string next = R"(network { managed: true interface: "eth0" vlan_id: 12
    address: "10.0.0.18" netmask: "16" hostname: "aloha1" dns_server: "10.0.0.2"
    static_route { network: "10.9.0.0" netmask: "16" router: "10.0.1.2" } })";
  EXPECT_THAT(Texts(Make(kStatic), Make(next)),
              ElementsAre("network: interface changes from eth0 to eth0.12",
                          "network: address changes from 10.0.0.17/16 to 10.0.0.18/16",
                          "network: gateway changes from 10.0.1.1 to none",
                          "network: route to 10.9.0.0/16 by 10.0.1.2 is set",
                          "network: the host name becomes aloha1",
                          "network: the list of DNS servers changes from none to 10.0.0.2"));
}

TEST(NetworkPlanTest, OnlyAddressesAndRoutesMayCutOff) {
  EXPECT_FALSE(MayCutOff(Make(kStatic), Make(kStatic)));
  EXPECT_TRUE(MayCutOff(Make(""), Make(kStatic)));
  EXPECT_TRUE(MayCutOff(Make(kStatic), Make("")));
  EXPECT_TRUE(MayCutOff(Make(kStatic), Make(kDhcp)));
  EXPECT_TRUE(MayCutOff(Make(kDhcp), Make(kDhcp, Lease("10.0.4.233/16"))));
  EXPECT_FALSE(MayCutOff(Make("network { managed: false }"), Make("")));
}

TEST(NetworkLeaseTest, IsUsedOnItsInterfaceAlone) {
  const config::v1::NetworkLease lease = Lease("10.0.4.233/16");
  EXPECT_THAT(Make(kDhcp, lease).system.network().addresses(), ElementsAre("10.0.4.233/16"));
  EXPECT_THAT(Make(kDhcp, lease).system.network().gateways(), ElementsAre("10.0.1.1"));
  EXPECT_THAT(Make(kStatic, lease).system.network().addresses(), ElementsAre("10.0.0.17/16"));
  const std::string other = R"(network { managed: true interface: "eth0" vlan_id: 7 dhcp: true })";
  EXPECT_THAT(Make(other, lease).system.network().addresses(), IsEmpty());
}

std::vector<std::string> Problems(const std::string& text, std::vector<std::string> interfaces) {
  Facts facts;
  facts.interfaces = std::move(interfaces);
  std::vector<std::string> found;
  for (const Problem& problem : CheckConfig(text, facts).problems) {
    found.push_back(FormatProblem(problem));
  }
  return found;
}

TEST(NetworkValidateTest, TheInterfaceIsBeyondDoubt) {
  const std::string text = "network { managed: true dhcp: true }";
  EXPECT_THAT(Problems(text, {"eth0"}), IsEmpty());
  EXPECT_THAT(Problems(text, {}), ElementsAre(HasSubstr("none that could be managed")));
  EXPECT_THAT(Problems(text, {"eth0", "eth1"}),
              ElementsAre(HasSubstr("network.interface: missing; name one of eth0, eth1")));
  EXPECT_THAT(Problems("network { managed: false }", {"eth0", "eth1"}), IsEmpty());
  EXPECT_THAT(Problems(kDhcp, {"eth1"}),
              ElementsAre(HasSubstr("no interface \"eth0\" now; it has eth1")));
}

TEST(NetworkLeaseTest, RoutesThatItDoesNotReachWait) {
  const std::string text = R"(network { managed: true interface: "eth0" dhcp: true
    static_route { network: "10.9.0.0" netmask: "16" router: "10.0.1.2" } })";
  EXPECT_EQ(Make(text).system.network().routes_size(), 0);
  EXPECT_EQ(Make(text, Lease("192.168.0.200/24")).system.network().routes_size(), 0);
  EXPECT_EQ(Make(text, Lease("10.0.4.233/16")).system.network().routes_size(), 1);
}

TEST(NetworkValidateTest, TheNameOfAVlanFits) {
  const std::string text =
      R"(network { managed: true dhcp: true interface: "enp129s0f0np0" vlan_id: )";
  EXPECT_THAT(Problems(text + "12 }", {"enp129s0f0np0"}),
              ElementsAre(HasSubstr("network.vlan_id: the interface of the VLAN would be")));
  EXPECT_THAT(Problems(text + "1 }", {"enp129s0f0np0"}), IsEmpty());
}

TEST(NetworkValidateTest, WarnsOfWhatDhcpOverrides) {
  EXPECT_THAT(
      Problems(R"(network { managed: true dhcp: true address: "10.0.0.17" netmask: "16" })",
               {"eth0"}),
      ElementsAre(HasSubstr("warning: network.address"), HasSubstr("warning: network.netmask")));
}

}  // namespace
}  // namespace aloha::supervisor
