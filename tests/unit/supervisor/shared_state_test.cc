#include "supervisor/peers/shared_state.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "supervisor/config/exchange.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HighAvailability;
using config::v1::StoredCertificates;
using peer::v1::Position;
using peer::v1::Stamp;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

constexpr char kOwn[] = R"(
  version_note: "own"
  management { metrics { enabled: true } }
  network { hostname: "one" }
  high_availability { role: MASTER virtual_address: "10.0.0.1" cluster_id: 5 interface: "eth0" priority: 7
                      peer: "10.0.0.3" link_address: "10.0.0.2" link_port: 4444 preempt: false }
  rpc { enabled: true })";

TEST(SharedStateTest, WhatBelongsToTheNodeStays) {
  const Config shared = SharedConfig(Parse<Config>(kOwn));
  EXPECT_EQ(shared.SerializeAsString(), Parse<Config>(R"(version_note: "own"
                             high_availability { virtual_address: "10.0.0.1" cluster_id: 5
                                                 link_port: 4444 preempt: false }
                             rpc { enabled: true })")
                                            .SerializeAsString());
  EXPECT_FALSE(SharedConfig(Parse<Config>("high_availability { role: DISABLED priority: 3 }"))
                   .has_high_availability());
}

TEST(SharedStateTest, MergingKeepsTheNodesOwn) {
  const Config other = Parse<Config>(R"(
    version_note: "other" network { hostname: "two" }
    high_availability { role: BACKUP virtual_address: "10.0.0.9" cluster_id: 6 priority: 8 peer: "10.0.0.2" }
    imap { mode: CLEAR })");
  const Config merged = MergeConfig(Parse<Config>(kOwn), other);
  EXPECT_EQ(merged.SerializeAsString(), Parse<Config>(R"(
              version_note: "other"
              management { metrics { enabled: true } } network { hostname: "one" }
              high_availability { role: MASTER virtual_address: "10.0.0.9" cluster_id: 6 interface: "eth0"
                                  priority: 7 peer: "10.0.0.3" link_address: "10.0.0.2" }
              imap { mode: CLEAR })")
                                            .SerializeAsString());
  // What one node takes over is, to both, what the other has.
  EXPECT_EQ(SharedConfig(merged).SerializeAsString(), SharedConfig(other).SerializeAsString());
}

TEST(SharedStateTest, WhereOneHasNoHighAvailability) {
  const Config own = Parse<Config>(kOwn);
  EXPECT_EQ(MergeConfig(own, Config()).high_availability().SerializeAsString(),
            own.high_availability().SerializeAsString());
  const Config merged = MergeConfig(Config(), own);
  EXPECT_EQ(merged.high_availability().role(), HighAvailability::DISABLED);
  EXPECT_EQ(merged.high_availability().virtual_address(0), "10.0.0.1");
  EXPECT_FALSE(merged.has_network());
}

TEST(SharedStateTest, CertificatesOfFilesAreTheNodesOwn) {
  const auto own = Parse<StoredCertificates>(R"(
    certificate { name: "file" key: "1" file: "f" } certificate { name: "old" key: "2" }
    certificate { name: "self-signed" key: "3" } trust_anchor { name: "a" })");
  const auto merged = MergeCertificates(own, Parse<StoredCertificates>(R"(
    certificate { name: "file" key: "4" } certificate { name: "new" key: "5" })"));
  EXPECT_EQ(merged.SerializeAsString(), Parse<StoredCertificates>(R"(
    certificate { name: "new" key: "5" } certificate { name: "file" key: "1" file: "f" }
    certificate { name: "self-signed" key: "3" })")
                                            .SerializeAsString());
  EXPECT_EQ(SharedCertificates(own).certificate_size(), 2);
}

TEST(SharedStateTest, DigestsTellWhoseDoingItIs) {
  peer::v1::State state;
  *state.mutable_config() = SharedConfig(Parse<Config>(kOwn));
  const std::string before = DigestOf(state), own = OwnDigestOf(state, "secret");
  EXPECT_EQ(before.size(), 32u);
  auto* stand_in = state.mutable_certificates()->add_certificate();
  stand_in->set_name(kSelfSigned);
  stand_in->set_key("key");
  EXPECT_EQ(DigestOf(state), before);
  EXPECT_NE(OwnDigestOf(state, "secret"), own);
  EXPECT_NE(OwnDigestOf(state, "another"), OwnDigestOf(state, "secret"));
  state.mutable_certificates()->add_certificate()->set_name("mail");
  EXPECT_NE(DigestOf(state), before);
}

TEST(SharedStateTest, RefusesWhatItWouldLose) {
  peer::v1::State state;
  EXPECT_TRUE(CheckKnown(state));
  config::v1::Config* config = state.mutable_config();
  config->GetReflection()->MutableUnknownFields(config)->AddVarint(1000, 1);
  const auto checked = CheckKnown(state);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("upgrade"), std::string::npos);
}

Stamp At(uint64_t counter, uint64_t node) {
  Stamp stamp;
  stamp.set_counter(counter);
  stamp.set_node(node);
  return stamp;
}

// Node `node`, with a stamp, agreed with `peer` on a base.
Position Node(uint64_t node, Stamp stamp, std::optional<Stamp> base, uint64_t peer,
              const std::string& digest) {
  Position position;
  position.set_node(node);
  *position.mutable_stamp() = stamp;
  if (base) {
    *position.mutable_base() = *base;
    position.set_base_node(peer);
  }
  position.set_digest(digest);
  position.set_own_digest("own");
  return position;
}

// Both come to verdicts that fit.
Verdict Judge(const Position& one, const Position& two) {
  const Verdict verdict = Compare(one, two), back = Compare(two, one);
  const bool opposite = verdict == Verdict::kPush   ? back == Verdict::kPull
                        : verdict == Verdict::kPull ? back == Verdict::kPush
                                                    : back == verdict;
  EXPECT_TRUE(opposite);
  return verdict;
}

TEST(CompareTest, TheSame) {
  EXPECT_EQ(Judge(Node(1, At(3, 1), {}, 2, "a"), Node(2, At(5, 2), {}, 1, "a")), Verdict::kInSync);
  EXPECT_EQ(Judge(Node(1, At(3, 1), At(3, 1), 2, "a"), Node(2, At(3, 1), At(2, 1), 1, "b")),
            Verdict::kInSync);
  EXPECT_EQ(Judge(Node(1, At(3, 1), {}, 2, "a"), Node(1, At(5, 1), {}, 1, "b")),
            Verdict::kSameNode);
}

TEST(CompareTest, WhatNodesMakeThemselvesFollowsTheNewer) {
  Position one = Node(1, At(3, 1), {}, 2, "a"), two = Node(2, At(5, 2), {}, 1, "a");
  two.set_own_digest("another");
  EXPECT_EQ(Judge(one, two), Verdict::kPull);
  *two.mutable_stamp() = At(0, 0);
  EXPECT_EQ(Judge(one, two), Verdict::kPush);
  *one.mutable_stamp() = At(0, 0);
  EXPECT_EQ(Judge(one, two), Verdict::kPull);  // somebody has to
}

TEST(CompareTest, WhoChangedSomethingPushes) {
  EXPECT_EQ(Judge(Node(1, At(4, 1), At(3, 2), 2, "b"), Node(2, At(3, 2), At(3, 2), 1, "a")),
            Verdict::kPush);
  // The answer was lost, and the other went on.
  EXPECT_EQ(Judge(Node(1, At(4, 1), At(3, 2), 2, "b"), Node(2, At(5, 2), At(4, 1), 1, "c")),
            Verdict::kPull);
}

TEST(CompareTest, AFreshNodeTakesTheOthers) {
  EXPECT_EQ(Judge(Node(1, At(4, 1), {}, 0, "b"), Node(2, At(0, 0), {}, 0, "a")), Verdict::kPush);
  // Two fresh ones with files that differ: nobody knows.
  EXPECT_EQ(Judge(Node(1, At(0, 0), {}, 0, "b"), Node(2, At(0, 0), {}, 0, "a")),
            Verdict::kConflict);
}

TEST(CompareTest, AnOlderSavedOneTakesTheNewer) {
  EXPECT_EQ(Judge(Node(1, At(3, 1), At(3, 1), 2, "old"), Node(2, At(7, 1), At(7, 1), 1, "new")),
            Verdict::kPull);
  // And the other was changed meanwhile.
  EXPECT_EQ(Judge(Node(1, At(3, 1), At(3, 1), 2, "old"), Node(2, At(8, 2), At(7, 1), 1, "new")),
            Verdict::kPull);
  // But not where that one goes back further, and changed then.
  EXPECT_EQ(Judge(Node(1, At(7, 1), At(7, 1), 2, "a"), Node(2, At(8, 2), At(3, 1), 1, "b")),
            Verdict::kConflict);
}

TEST(CompareTest, BothChanged) {
  EXPECT_EQ(Judge(Node(1, At(4, 1), At(3, 1), 2, "a"), Node(2, At(4, 2), At(3, 1), 1, "b")),
            Verdict::kConflict);
  EXPECT_EQ(Judge(Node(1, At(4, 1), {}, 0, "a"), Node(2, At(9, 2), {}, 0, "b")),
            Verdict::kConflict);
  // What was agreed with a third node counts for nothing.
  EXPECT_EQ(Judge(Node(1, At(4, 1), At(9, 2), 3, "a"), Node(2, At(9, 2), {}, 0, "b")),
            Verdict::kConflict);
}

}  // namespace
}  // namespace aloha::supervisor
