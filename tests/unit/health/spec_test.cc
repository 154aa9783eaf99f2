#include "workers/health/spec.h"

#include <gtest/gtest.h>

#include <functional>

namespace aloha::health {
namespace {

worker::v1::HealthSnapshot Snapshot() {
  worker::v1::HealthSnapshot snapshot;
  worker::v1::Check* check = snapshot.add_checks();
  check->set_id("imap/CAS1");
  check->set_address("10.0.0.15");
  check->set_port(143);
  check->set_interval_ms(2000);
  check->set_timeout_ms(1000);
  check->set_rise(2);
  check->set_fall(3);
  check->mutable_imap();
  worker::v1::Target* target = snapshot.add_targets();
  target->set_service("imap");
  target->set_server("CAS1");
  target->add_check_ids("imap/CAS1");
  return snapshot;
}

TEST(MakePlan, TakesAGoodSnapshot) {
  const Result<Plan> plan = MakePlan(Snapshot());
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->checks.size(), 1u);
  EXPECT_EQ(plan->checks[0].fast_interval, std::chrono::seconds(2));
  EXPECT_EQ(plan->checks[0].endpoint.port(), 143);
  EXPECT_EQ(plan->targets[0].checks, std::vector<size_t>{0});
  EXPECT_TRUE(MakePlan({}));
}

TEST(MakePlan, TheQuestionLeavesThePaceOut) {
  worker::v1::HealthSnapshot other = Snapshot();
  other.mutable_checks(0)->set_interval_ms(5000);
  other.mutable_checks(0)->set_fall(1);
  EXPECT_EQ(MakePlan(Snapshot())->checks[0].question, MakePlan(other)->checks[0].question);
  other.mutable_checks(0)->mutable_tls();
  EXPECT_NE(MakePlan(Snapshot())->checks[0].question, MakePlan(other)->checks[0].question);
}

struct Bad {
  const char* field;
  std::function<void(worker::v1::HealthSnapshot&)> spoil;
};

TEST(MakePlan, NamesTheBadField) {
  using Snap = worker::v1::HealthSnapshot;
  const Bad cases[] = {
      {"checks[0].id", [](Snap& s) { s.mutable_checks(0)->clear_id(); }},
      {"checks[1].id", [](Snap& s) { *s.add_checks() = s.checks(0); }},
      {"checks[0].address", [](Snap& s) { s.mutable_checks(0)->set_address("cas1"); }},
      {"checks[0].port", [](Snap& s) { s.mutable_checks(0)->set_port(0); }},
      {"checks[0].port", [](Snap& s) { s.mutable_checks(0)->set_port(65536); }},
      {"checks[0].interval_ms", [](Snap& s) { s.mutable_checks(0)->set_interval_ms(9); }},
      {"checks[0].timeout_ms", [](Snap& s) { s.mutable_checks(0)->clear_timeout_ms(); }},
      {"checks[0].rise", [](Snap& s) { s.mutable_checks(0)->set_rise(0); }},
      {"checks[0].fall", [](Snap& s) { s.mutable_checks(0)->set_fall(101); }},
      {"checks[0].protocol", [](Snap& s) { s.mutable_checks(0)->clear_protocol(); }},
      {"checks[0].smtp.ehlo_name",
       [](Snap& s) { s.mutable_checks(0)->mutable_smtp()->set_ehlo_name("a\r\nDATA"); }},
      {"checks[0].http.method", [](Snap& s) { s.mutable_checks(0)->mutable_http(); }},
      {"checks[0].http.path",
       [](Snap& s) {
         s.mutable_checks(0)->mutable_http()->set_method("GET");
         s.mutable_checks(0)->mutable_http()->set_path("/a b");
       }},
      {"checks[0].http.host",
       [](Snap& s) {
         s.mutable_checks(0)->mutable_http()->set_method("HEAD");
         s.mutable_checks(0)->mutable_http()->set_path("/");
         s.mutable_checks(0)->mutable_http()->set_host("a\nb");
       }},
      {"targets[0].check_ids", [](Snap& s) { s.mutable_targets(0)->add_check_ids("nobody"); }},
  };
  for (const Bad& bad : cases) {
    worker::v1::HealthSnapshot snapshot = Snapshot();
    bad.spoil(snapshot);
    const Result<Plan> plan = MakePlan(snapshot);
    ASSERT_FALSE(plan) << bad.field;
    EXPECT_EQ(plan.error().field, bad.field) << plan.error().message;
    EXPECT_EQ(plan.error().code, Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace aloha::health
