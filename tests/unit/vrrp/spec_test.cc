// Which snapshots are accepted, and which adverts concern a router of one.
#include "workers/vrrp/spec.h"

#include <gtest/gtest.h>

#include "tests/unit/vrrp/packets.h"
#include "workers/vrrp/admission.h"

namespace aloha::vrrp {
namespace {

using std::chrono::milliseconds;

worker::v1::VirtualRouter Router4() {
  worker::v1::VirtualRouter router;
  router.set_name("ipv4");
  router.set_interface("eth0");
  router.set_version(3);
  router.set_vrid(51);
  router.set_priority(100);
  router.set_advert_interval_cs(100);
  router.set_preempt(true);
  router.add_addresses("192.168.0.253");
  return router;
}

Result<std::vector<RouterSpec>> Plan(const std::vector<worker::v1::VirtualRouter>& routers) {
  worker::v1::VrrpSnapshot snapshot;
  for (const auto& router : routers) *snapshot.add_routers() = router;
  return MakePlan(snapshot);
}

TEST(Spec, TakesRoutersOfBothFamilies) {
  worker::v1::VirtualRouter six = Router4();
  six.set_name("ipv6");
  six.clear_addresses();
  six.add_addresses("fe80::99");
  six.add_addresses("2001:db8::99");
  six.add_peers("fe80::2");
  six.set_preempt_delay_ms(5000);
  six.set_advert_interval_cs(1);
  const auto plan = Plan({Router4(), six});
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->size(), 2u);
  EXPECT_EQ((*plan)[0].socket, (SocketKey{"eth0", false}));
  EXPECT_EQ((*plan)[0].interval, milliseconds(1000));
  EXPECT_EQ((*plan)[1].socket, (SocketKey{"eth0", true}));
  EXPECT_EQ((*plan)[1].interval, milliseconds(10));
  EXPECT_EQ((*plan)[1].preempt_delay, milliseconds(5000));
  EXPECT_EQ((*plan)[1].addresses, Ips({"fe80::99", "2001:db8::99"}));
  EXPECT_EQ((*plan)[1].peers, Ips({"fe80::2"}));
  EXPECT_TRUE(Plan({}));
}

TEST(Spec, RefusesWhatIsOutOfRange) {
  using Change = void (*)(worker::v1::VirtualRouter&);
  const std::pair<const char*, Change> cases[] = {
      {"name", [](auto& r) { r.clear_name(); }},
      {"interface", [](auto& r) { r.set_interface("eth0123456789012"); }},
      {"interface", [](auto& r) { r.clear_interface(); }},
      {"version", [](auto& r) { r.set_version(1); }},
      {"vrid", [](auto& r) { r.set_vrid(0); }},
      {"vrid", [](auto& r) { r.set_vrid(256); }},
      {"priority", [](auto& r) { r.set_priority(0); }},
      {"priority", [](auto& r) { r.set_priority(255); }},
      {"advert_interval_cs", [](auto& r) { r.set_advert_interval_cs(0); }},
      {"advert_interval_cs", [](auto& r) { r.set_advert_interval_cs(4096); }},
      {"advert_interval_cs", [](auto& r) { r.set_version(2), r.set_advert_interval_cs(150); }},
      {"preempt_delay_ms", [](auto& r) { r.set_preempt_delay_ms(3'600'001); }},
      {"addresses", [](auto& r) { r.clear_addresses(); }},
      {"addresses", [](auto& r) { r.add_addresses("router.example.org"); }},
      {"addresses", [](auto& r) { r.add_addresses("192.168.0.253"); }},
      {"addresses", [](auto& r) { r.add_addresses("fe80::1"); }},
      {"addresses",
       [](auto& r) {
         for (int i = 0; i < 20; ++i) r.add_addresses("10.0.0." + std::to_string(i));
       }},
      {"peers", [](auto& r) { r.add_peers("fe80::1"); }},
      {"version",
       [](auto& r) {
         r.set_version(2);
         r.set_addresses(0, "fe80::1");
       }},
  };
  for (const auto& [field, change] : cases) {
    worker::v1::VirtualRouter router = Router4();
    change(router);
    const auto plan = Plan({router});
    ASSERT_FALSE(plan) << field;
    EXPECT_EQ(plan.error().field, std::string("vrrp.routers[0].") + field);
  }
}

TEST(Spec, RefusesTwoRoutersThatAreOne) {
  worker::v1::VirtualRouter other = Router4();
  EXPECT_EQ(Plan({Router4(), other}).error().field, "vrrp.routers[1].name");
  other.set_name("other");
  EXPECT_EQ(Plan({Router4(), other}).error().field, "vrrp.routers[1].vrid");
  other.set_vrid(52);
  EXPECT_TRUE(Plan({Router4(), other}));
  EXPECT_FALSE(Plan(std::vector(33, Router4())));
}

RouterSpec Spec4() { return Plan({Router4()})->front(); }

std::string_view SenderWord(const RouterSpec& spec, const Message& message,
                            const std::string& own = "10.0.0.1") {
  const auto reason = RefuseSender(spec, Ip(own), message);
  return reason ? DropWord(*reason) : "good";
}

std::string_view AdvertWord(const RouterSpec& spec, const Sent& sent) {
  const Bytes bytes = Build(sent);
  const auto reason =
      RefuseAdvert(spec, ParseAdvert(MessageOf(bytes, sent.source)).value(), Ip(sent.source));
  return reason ? DropWord(*reason) : "good";
}

TEST(Admission, AsksWhoSent) {
  const Bytes bytes = Build({});
  RouterSpec spec = Spec4();
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes)), "good");
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "10.0.0.2", 254)), "ttl");
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "10.0.0.1")), "own_address");
  spec.peers = Ips({"10.0.0.3"});
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes)), "unknown_peer");
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "10.0.0.3")), "good");
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "10.0.0.3", 64)), "ttl");
}

TEST(Admission, TakesAnyHopLimitFromLinkLocalUnicastPeersAlone) {
  const Bytes bytes = Build({.source = "fe80::2", .addresses = {"fe80::99"}});
  RouterSpec spec = Spec4();
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "fe80::2", 64), "fe80::1"), "ttl");
  spec.peers = Ips({"fe80::2", "2001:db8::2"});
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "fe80::2", 64), "fe80::1"), "good");
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "2001:db8::2", 64), "fe80::1"), "ttl");
  EXPECT_EQ(SenderWord(spec, MessageOf(bytes, "fe80::3", 64), "fe80::1"), "unknown_peer");
}

TEST(Admission, AsksWhatAnAdvertOfVersion2Says) {
  RouterSpec spec = Spec4();
  spec.version = 2;
  EXPECT_EQ(AdvertWord(spec, {.version = 2}), "good");
  EXPECT_EQ(AdvertWord(spec, {.version = 3}), "version");
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .interval = milliseconds(2000)}), "interval");
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .addresses = {"192.168.0.1"}}), "addresses");
  const std::vector<std::string> more = {"192.168.0.253", "192.168.0.1"};
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .addresses = more}), "addresses");
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .priority = 255, .addresses = more}), "addresses");
  const std::string owner = "192.168.0.253";
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .priority = 254, .source = owner, .addresses = more}),
            "addresses");
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .priority = 255, .source = owner, .addresses = more}),
            "good");
  spec.addresses = Ips({"192.168.0.1", "192.168.0.253"});
  EXPECT_EQ(AdvertWord(spec, {.version = 2, .addresses = more}), "good");
}

TEST(Admission, TakesVersion3WithOneAddressInCommon) {
  const RouterSpec spec = Spec4();
  EXPECT_EQ(AdvertWord(spec, {.interval = milliseconds(10)}), "good");
  EXPECT_EQ(AdvertWord(spec, {.version = 2}), "version");
  EXPECT_EQ(AdvertWord(spec, {.addresses = {"192.168.0.1", "192.168.0.253"}}), "good");
  EXPECT_EQ(AdvertWord(spec, {.addresses = {"192.168.0.1"}}), "addresses");
}

}  // namespace
}  // namespace aloha::vrrp
