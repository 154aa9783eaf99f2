// High availability: which interface an address belongs to, and what a plan says of addresses that
// move. What is compiled and refused: tests/golden.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/compile.h"
#include "supervisor/config/plan.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;

// /proc/net/route and /proc/net/ipv6_route of a machine with two networks, little endian.
constexpr char kIpv4[] =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    "eth1\t0000000A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    "eth1\t0000010A\t0100000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    "vrrp.51\t0008000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    "eth9\tnonsense\n";
constexpr char kIpv6[] =
    "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n"
    "20010db8000000000000000000000002 80 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000000 00000003 00000000 80200001     eth1\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";

std::string InterfaceOf(const char* address) {
  return FindInterface(ParseRoutes(kIpv4, kIpv6), *ParseAddress(address));
}

TEST(ConnectedNetworksTest, TheNarrowestNetworkHasTheAddress) {
  EXPECT_EQ(InterfaceOf("192.0.2.9"), "eth0");
  EXPECT_EQ(InterfaceOf("10.0.200.1"), "eth1");
  EXPECT_EQ(InterfaceOf("2001:db8::9"), "eth0");
}

TEST(ConnectedNetworksTest, RoutersOwnAddressesAndOwnInterfacesSayNothing) {
  EXPECT_EQ(InterfaceOf("198.51.100.1"), "");  // by the default route alone
  EXPECT_EQ(InterfaceOf("10.1.0.1"), "");      // by way of a router
  EXPECT_EQ(InterfaceOf("10.0.8.9"), "eth1");  // not vrrp.51
  EXPECT_EQ(InterfaceOf("2001:db9::1"), "");
  EXPECT_EQ(InterfaceOf("2001:db8::2"), "eth0");
}

TEST(ConnectedNetworksTest, ThoseOfThisMachineCanBeRead) {
  for (const ConnectedNetwork& found : ReadConnectedNetworks()) {
    EXPECT_FALSE(found.interface.empty());
    EXPECT_GT(found.network.prefix, 0);
  }
}

std::string Shared(const std::string& more) {
  return "high_availability { role: MASTER cluster_id: 51 " + more + "}";
}

Compiled CompileText(const std::string& text) {
  const ParsedConfig checked = CheckConfig(text, Facts{});
  EXPECT_FALSE(HasErrors(checked.problems)) << text;
  return Compile(checked.config, {.cores = 1});
}

std::vector<std::string> Texts(const std::string& running, const std::string& next) {
  std::vector<std::string> texts;
  for (const PlanStep& step : Plan(CompileText(running), CompileText(next))) {
    // The link of paired nodes opens and closes as well.
    if (step.kind == PlanKind::kHighAvailability) texts.push_back(step.text);
  }
  return texts;
}

constexpr char kOne[] = R"(virtual_address: "10.0.0.253" interface: "eth0" )";

TEST(HighAvailabilityPlanTest, TellsAddressesThatComeGoAndMove) {
  const std::string one = Shared(kOne);
  EXPECT_THAT(Texts("", one),
              ElementsAre("virtual address 10.0.0.253 moves between the nodes, here on eth0 with "
                          "priority 150"));
  EXPECT_THAT(
      Texts(one, ""),
      ElementsAre(
          "virtual address 10.0.0.253 is given up; who is connected to it on this node is cut"));
  EXPECT_THAT(Texts(one, Shared(R"(virtual_address: "10.0.0.253" interface: "eth1" )")),
              ElementsAre("virtual address 10.0.0.253 moves from eth0 to eth1"));
  EXPECT_TRUE(Texts(one, one).empty());
}

TEST(HighAvailabilityPlanTest, TellsHowVrrpSpeaks) {
  const std::string next = Shared(std::string(kOne) + R"(version: 3 advert_interval: "50ms"
      preempt: false preempt_delay: "1m" virtual_mac: true priority: 99 peer: "10.0.0.2")");
  EXPECT_THAT(
      Texts(Shared(kOne), next),
      ElementsAre(
          "VRRP (ipv4): version changes from 2 to 3",
          "VRRP (ipv4): priority changes from 150 to 99",
          "VRRP (ipv4): time between adverts changes from 1s to 50ms",
          "VRRP (ipv4): taking addresses back changes from on to off",
          "VRRP (ipv4): delay before that changes from 0s to 1m",
          "VRRP (ipv4): virtual MAC address changes from off to on",
          "VRRP (ipv4): who hears adverts changes from every node (multicast) to 10.0.0.2"));
}

TEST(HighAvailabilityTest, AtAStartANetworkMayComeLater) {
  const std::string text = Shared(R"(virtual_address: "192.0.2.1")");
  EXPECT_TRUE(HasErrors(CheckConfig(text, Facts{.networks = ConnectedNetworks()}).problems));
  const Facts start{.may_come = true, .networks = ConnectedNetworks()};
  EXPECT_FALSE(HasErrors(CheckConfig(text, start).problems));
  EXPECT_FALSE(HasErrors(CheckConfig(text, Facts{}).problems));
}

}  // namespace
}  // namespace aloha::supervisor
