#include "workers/keys/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/unit/keys/scratch.h"
#include "workers/keys/pairing_code.h"
#include "workers/node/node_certificate.h"

namespace aloha::keys {
namespace {

using testing::HasSubstr;

// A node with a key folder of its own, at a clock that stands still.
class TestNode {
 public:
  explicit TestNode(std::string name) : name_(std::move(name)) { Restart(); }

  void Restart() {
    node_.reset();
    store_.emplace(std::move(*Folder::OpenPrivate(scratch_ / "keys")), Passphrase(), log_);
    node_.emplace(*store_, log_, [this] { return now_; });
  }

  Node& operator*() { return *node_; }
  Node* operator->() { return &*node_; }
  std::string key() { return node_->Get()->self().node_key(); }
  std::string peer() { return node_->Get()->peer().node().name(); }
  uint64_t refused(const std::string& reason) {
    const auto response = *node_->Get();
    const auto found = response.refused_total().find(reason);
    return found == response.refused_total().end() ? 0 : found->second;
  }
  std::string GiveCode() { return node_->CreateCode(name_)->code(); }
  std::string Begin(const std::string& code) {
    worker::v1::BeginJoinRequest request;
    request.set_code(code);
    request.set_name(name_);
    return node_->BeginJoin(request)->message();
  }
  Result<worker::v1::AcceptJoinResponse> Accept(const std::string& message,
                                                const std::string& tls_key) {
    worker::v1::AcceptJoinRequest request;
    request.set_message(message);
    request.set_tls_node_key(tls_key);
    return node_->AcceptJoin(request);
  }
  Result<worker::v1::FinishJoinResponse> Finish(const std::string& message,
                                                const std::string& tls_key) {
    worker::v1::FinishJoinRequest request;
    request.set_message(message);
    request.set_tls_node_key(tls_key);
    return node_->FinishJoin(request);
  }

  int64_t now_ = 1'700'000'000;

 private:
  const std::string name_;
  Scratch scratch_;
  Log log_{{.program = "test", .level = LogLevel::kAccess, .journal_fd = -1}};
  std::optional<KeyStore> store_;
  std::optional<Node> node_;
};

class NodePairingTest : public testing::Test {
 protected:
  void Pair() {
    const auto answer = giver_.Accept(joiner_.Begin(giver_.GiveCode()), joiner_.key());
    ASSERT_TRUE(answer) << answer.error().message;
    const auto done = joiner_.Finish(answer->message(), giver_.key());
    ASSERT_TRUE(done) << done.error().message;
  }

  TestNode giver_{"aloha1"}, joiner_{"aloha2"}, stranger_{"stranger"};
};

TEST_F(NodePairingTest, BothPinEachOtherForGood) {
  Pair();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(giver_.peer(), "aloha2");
    EXPECT_EQ(joiner_.peer(), "aloha1");
    EXPECT_EQ(giver_->Get()->peer().node().node_key(), joiner_.key());
    EXPECT_EQ(joiner_->Get()->peer().node().node_key(), giver_.key());
    giver_.Restart();
    joiner_.Restart();
  }
  EXPECT_TRUE(giver_->RemovePeer());
  EXPECT_FALSE(giver_->Get()->has_peer());
  EXPECT_EQ(giver_->RemovePeer().error().code, Code::kNotFound);
  giver_.Restart();
  EXPECT_FALSE(giver_->Get()->has_peer());
}

TEST_F(NodePairingTest, ACodeIsGoodForOneUse) {
  const std::string join = joiner_.Begin(giver_.GiveCode());
  ASSERT_TRUE(giver_.Accept(join, joiner_.key()));
  const auto again = giver_.Accept(join, joiner_.key());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(again.error().message, HasSubstr("was used already"));
  EXPECT_EQ(giver_.refused("no_code"), 1U);
  // Nor does an earlier message fit a later code.
  giver_.GiveCode();
  EXPECT_EQ(giver_.Accept(join, joiner_.key()).error().code, Code::kPermissionDenied);
  EXPECT_EQ(giver_.refused("wrong_code"), 1U);
}

TEST_F(NodePairingTest, ACodeEnds) {
  const std::string join = joiner_.Begin(giver_.GiveCode());
  giver_.now_ += Node::kCodeSeconds;
  EXPECT_EQ(giver_->Get()->code_expires_s(), 0);
  const auto late = giver_.Accept(join, joiner_.key());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(late.error().message, HasSubstr("has expired"));
  EXPECT_EQ(giver_.refused("expired"), 1U);
}

TEST_F(NodePairingTest, WithoutACodeNobodyJoins) {
  const std::string code = WritePairingCode(MakePairingSecret());
  EXPECT_THAT(giver_.Accept(joiner_.Begin(code), joiner_.key()).error().message,
              HasSubstr("no pairing code waits"));
  giver_.GiveCode();
  giver_->CancelCode();
  EXPECT_THAT(giver_.Accept(joiner_.Begin(code), joiner_.key()).error().message,
              HasSubstr("was taken back"));
}

TEST_F(NodePairingTest, WrongCodesEndTheRightOne) {
  const std::string code = giver_.GiveCode();
  const std::string wrong = joiner_.Begin(WritePairingCode(MakePairingSecret()));
  for (int i = 1; i < Node::kAttempts; ++i) {
    EXPECT_EQ(giver_.Accept(wrong, joiner_.key()).error().code, Code::kPermissionDenied);
  }
  EXPECT_EQ(giver_.Accept("garbage", joiner_.key()).error().code, Code::kResourceExhausted);
  EXPECT_EQ(giver_.Accept(joiner_.Begin(code), joiner_.key()).error().code,
            Code::kFailedPrecondition);
  EXPECT_FALSE(giver_->Get()->has_peer());
}

TEST_F(NodePairingTest, AMessageChangedOnTheWayIsRefused) {
  const std::string code = giver_.GiveCode();
  worker::v1::PairingMessage join;
  ASSERT_TRUE(join.ParseFromString(joiner_.Begin(code)));
  worker::v1::NodeIdentity identity;
  ASSERT_TRUE(identity.ParseFromString(join.identity()));
  identity.set_node_key(stranger_.key());
  worker::v1::PairingMessage forged = join;
  forged.set_identity(identity.SerializeAsString());
  EXPECT_EQ(giver_.Accept(forged.SerializeAsString(), stranger_.key()).error().code,
            Code::kPermissionDenied);
  const auto answer = giver_.Accept(join.SerializeAsString(), joiner_.key());
  ASSERT_TRUE(answer);
  worker::v1::PairingMessage changed;
  ASSERT_TRUE(changed.ParseFromString(answer->message()));
  changed.set_identity(identity.SerializeAsString());
  EXPECT_THAT(joiner_.Finish(changed.SerializeAsString(), stranger_.key()).error().message,
              HasSubstr("does not have the code"));
  EXPECT_FALSE(joiner_->Get()->has_peer());
}

TEST_F(NodePairingTest, WhoPassesMessagesOnIsFoundOut) {
  const auto refused = giver_.Accept(joiner_.Begin(giver_.GiveCode()), stranger_.key());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("someone stands between"));
  EXPECT_EQ(giver_.refused("in_between"), 1U);
  const auto answer = giver_.Accept(joiner_.Begin(giver_.GiveCode()), joiner_.key());
  ASSERT_TRUE(answer);
  EXPECT_THAT(joiner_.Finish(answer->message(), stranger_.key()).error().message,
              HasSubstr("someone stands between"));
  EXPECT_FALSE(joiner_->Get()->has_peer());
}

TEST_F(NodePairingTest, AnAnswerFitsItsQuestionAlone) {
  const std::string code = giver_.GiveCode();
  const auto answer = giver_.Accept(joiner_.Begin(code), joiner_.key());
  ASSERT_TRUE(answer);
  joiner_.Begin(code);  // another question
  EXPECT_FALSE(joiner_.Finish(answer->message(), giver_.key()));
  EXPECT_EQ(joiner_.Finish(answer->message(), giver_.key()).error().code,
            Code::kFailedPrecondition);
}

TEST_F(NodePairingTest, ANodeIsNotPairedWithItself) {
  const std::string join = giver_.Begin(giver_.GiveCode());
  EXPECT_THAT(giver_.Accept(join, giver_.key()).error().message, HasSubstr("this very node"));
}

TEST_F(NodePairingTest, SealsToThePairedNodeAlone) {
  EXPECT_EQ(giver_->Seal("x").error().code, Code::kFailedPrecondition);
  Pair();
  const std::string sealed = *giver_->Seal("a private key");
  const auto opened = joiner_->Open(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(std::string(opened->begin(), opened->end()), "a private key");
  EXPECT_NE(*giver_->Seal("a private key"), sealed);
  // Not by its own sender, as if it came from the other.
  EXPECT_EQ(giver_->Open(sealed).error().code, Code::kPermissionDenied);
  std::string changed = sealed;
  changed[30] = static_cast<char>(changed[30] ^ 1);
  EXPECT_FALSE(joiner_->Open(changed));
  EXPECT_FALSE(joiner_->Open(sealed.substr(0, 40)));
  EXPECT_TRUE(joiner_->Open(*giver_->Seal("")));
}

TEST_F(NodePairingTest, CertifiesPointsAndNothingElse) {
  std::string point(65, 'p');
  point[0] = 4;
  const auto certified = giver_->Certify(point);
  ASSERT_TRUE(certified);
  const auto read = node::ReadNodeCertificate(certified->certificate());
  ASSERT_TRUE(read);
  EXPECT_EQ(std::string(read->node_key.begin(), read->node_key.end()), giver_.key());
  EXPECT_EQ(std::string(read->tls_key.begin(), read->tls_key.end()), point);
  EXPECT_TRUE(node::CheckTimes(*read, giver_.now_));
  EXPECT_EQ(read->not_after_s, certified->not_after_s());
  for (const std::string& other : {std::string(), std::string(65, 'p'), point + "x"})
    EXPECT_EQ(giver_->Certify(other).error().code, Code::kInvalidArgument);
}

TEST(PairingCode, IsReadAsPeopleWriteIt) {
  const SecretBytes secret = MakePairingSecret();
  std::string code = WritePairingCode(secret);
  EXPECT_THAT(code, testing::MatchesRegex("([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}"));
  EXPECT_EQ(*ReadPairingCode(code), secret);
  std::string spoken = "  ";
  for (const char c : code)
    spoken += c == '0' ? 'o' : c == '1' ? 'l' : c == '-' ? ' ' : static_cast<char>(tolower(c));
  EXPECT_EQ(*ReadPairingCode(spoken), secret);
}

TEST(PairingCode, TellsTypingMistakes) {
  const std::string code = WritePairingCode(MakePairingSecret());
  for (const std::string& wrong :
       {std::string(), code.substr(1), code + "0", code + "-00000", std::string("!") + code}) {
    EXPECT_EQ(ReadPairingCode(wrong).error().code, Code::kInvalidArgument) << wrong;
  }
  for (size_t i = 0; i < code.size(); ++i) {
    if (code[i] == '-') continue;
    std::string wrong = code;
    wrong[i] = code[i] == '7' ? '8' : '7';
    EXPECT_FALSE(ReadPairingCode(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace aloha::keys
