// What all workers should run, and what of it needs aloha-tls.
#include "supervisor/deployment.h"

#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

worker::v1::Listener Listener(uint32_t port, bool tls) {
  worker::v1::Listener listener;
  listener.set_address("127.0.0.1");
  listener.set_port(port);
  listener.set_tls(tls);
  return listener;
}

Target WithTls() {
  Target target;
  auto* service = target.proxy.add_services();
  for (const auto& listener : {Listener(443, true), Listener(80, false), Listener(993, true)}) {
    *service->add_listeners() = listener;
    *target.system.add_listeners() = listener;
    if (listener.tls()) *target.tls.add_listeners()->mutable_listener() = listener;
  }
  target.tls.add_servers()->set_name("http");
  target.tls.add_certificates()->set_name("mail");
  target.tls.set_threads(4);
  return target;
}

TEST(TargetTest, OptionalRolesAreNeededForWhatTheyDo) {
  Target target;
  EXPECT_TRUE(target.Needs("proxy"));
  EXPECT_FALSE(target.Needs("wui"));
  target.wui.mutable_metrics();
  EXPECT_TRUE(target.Needs("wui"));
  EXPECT_FALSE(target.Needs("tls"));
  target.tls.set_threads(4);
  EXPECT_FALSE(target.Needs("tls"));
  target.tls.add_servers();
  EXPECT_TRUE(target.Needs("tls"));
  EXPECT_FALSE(target.Needs("vrrp"));
  target.vrrp.add_routers();
  EXPECT_TRUE(target.Needs("vrrp"));
}

TEST(TargetTest, WithoutVrrpAddressesGoAndListenersStay) {
  Target target = WithTls();
  target.vrrp.add_routers()->set_name("ipv4");
  target.system.add_virtual_addresses()->set_router("ipv4");
  target.system.add_vrrp_sockets()->set_interface("eth0");
  EXPECT_EQ(VrrpSocketsOf("system", target).size(), 1u);
  EXPECT_EQ(VrrpSocketsOf("vrrp", target).size(), 1u);
  EXPECT_TRUE(VrrpSocketsOf("proxy", target).empty());
  target.StopVrrp();
  EXPECT_FALSE(target.Needs("vrrp"));
  EXPECT_TRUE(VrrpSocketsOf("vrrp", target).empty());
  EXPECT_EQ(target.system.virtual_addresses_size(), 0);
  EXPECT_EQ(target.system.listeners_size(), 3);
}

TEST(TargetTest, WithoutTlsItsListenersAreClosedAndOthersStay) {
  Target target = WithTls();
  target.StopTls();
  EXPECT_FALSE(target.Needs("tls"));
  ASSERT_EQ(target.proxy.services(0).listeners_size(), 1);
  EXPECT_EQ(target.proxy.services(0).listeners(0).port(), 80u);
  ASSERT_EQ(target.system.listeners_size(), 1);
  EXPECT_EQ(target.system.listeners(0).port(), 80u);
  EXPECT_EQ(target.tls.certificates_size(), 0);
  // What is left is a snapshot that a process which drains accepts.
  EXPECT_EQ(target.tls.threads(), 4u);
}

}  // namespace
}  // namespace aloha::supervisor
