// Dialogues of clients and servers around STARTTLS: transcripts in tests/golden/mail, and bounds.
#include "workers/mail/dialogue.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <string>

#include "tests/unit/mail/transcript.h"

namespace aloha::mail {
namespace {

using Next = Dialogue::Next;

class TranscriptTest : public testing::TestWithParam<std::string> {};

TEST_P(TranscriptTest, GoesAsWritten) {
  const std::string transcript = ReadTranscript(GetParam());
  const std::string replayed = Replay(transcript);
  if (std::getenv("ALOHA_UPDATE_GOLDEN") != nullptr) WriteTranscript(GetParam(), replayed);
  EXPECT_EQ(replayed, ReadTranscript(GetParam())) << "ALOHA_UPDATE_GOLDEN=1 rewrites it";
}

TEST_P(TranscriptTest, GoesTheSameWhenTheServerSpeaksInPieces) {
  const std::string transcript = ReadTranscript(GetParam());
  if (transcript.find("# in one piece") != std::string::npos) return;
  for (const size_t piece : {1, 2, 3, 7}) EXPECT_EQ(Replay(transcript, piece), transcript) << piece;
}

INSTANTIATE_TEST_SUITE_P(Mail, TranscriptTest, testing::ValuesIn(TranscriptNames()),
                         [](const testing::TestParamInfo<std::string>& scenario) {
                           std::string name = scenario.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

std::unique_ptr<Dialogue> Greeted(Protocol protocol) {
  auto dialogue = Dialogue::Make(protocol, false);
  const auto step = dialogue->FromServer(protocol == Protocol::kSmtp   ? "220 mail\r\n"
                                         : protocol == Protocol::kImap ? "* OK mail\r\n"
                                                                       : "+OK mail\r\n");
  EXPECT_EQ(step.next, Next::kGoOn);
  return dialogue;
}

TEST(DialogueTest, BoundsLinesOfClients) {
  for (const Protocol protocol : {Protocol::kSmtp, Protocol::kImap, Protocol::kPop3}) {
    const std::string longest(Dialogue::kMaxLine - 2, 'x');
    auto dialogue = Greeted(protocol);
    EXPECT_EQ(dialogue->FromClient(longest + "\r\n").next, Next::kGoOn);
    EXPECT_EQ(dialogue->FromClient("x" + longest + "\r\n").next, Next::kEnd);
    dialogue = Greeted(protocol);
    EXPECT_EQ(dialogue->FromClient(longest + "xx").next, Next::kGoOn);
    const auto step = dialogue->FromClient("x");
    EXPECT_EQ(step.next, Next::kEnd);
    EXPECT_EQ(step.reason, "the client sent a line that is too long");
    EXPECT_NE(step.to_client.find("Line too long\r\n"), std::string::npos);
  }
}

TEST(DialogueTest, BoundsLinesOfServers) {
  for (const Protocol protocol : {Protocol::kSmtp, Protocol::kImap, Protocol::kPop3}) {
    auto dialogue = Greeted(protocol);
    EXPECT_EQ(dialogue->FromServer(std::string(Dialogue::kMaxLine, '2')).next, Next::kGoOn);
    EXPECT_EQ(dialogue->FromServer("2").next, Next::kEnd);
  }
}

TEST(DialogueTest, BoundsTheAnswerToEhlo) {
  auto dialogue = Greeted(Protocol::kSmtp);
  EXPECT_EQ(dialogue->FromClient("EHLO a\r\n").next, Next::kGoOn);
  size_t lines = 0;
  while (dialogue->FromServer("250-" + std::string(1000, 'X') + "\r\n").next == Next::kGoOn) {
    ASSERT_LT(++lines, 100u);
  }
}

TEST(DialogueTest, TakesNoMoreThanItHoldsUntilTheServerAnswers) {
  auto dialogue = Greeted(Protocol::kSmtp);
  EXPECT_EQ(dialogue->Room(), Dialogue::kMaxHeld);
  EXPECT_EQ(dialogue->FromClient("NOOP\r\n").to_server, "NOOP\r\n");
  std::string more;
  while (more.size() + 6 <= dialogue->Room()) more += "RSET\r\n";
  EXPECT_EQ(dialogue->FromClient(more).to_server, "");
  EXPECT_LT(dialogue->Room(), 6u);
  EXPECT_EQ(dialogue->FromServer("250 ok\r\n").to_server, "RSET\r\n");
  EXPECT_GE(dialogue->Room(), 6u);
}

TEST(DialogueTest, EndsWithAClientThatIsRefusedTooOften) {
  for (const Protocol protocol : {Protocol::kSmtp, Protocol::kImap, Protocol::kPop3}) {
    auto dialogue = Greeted(protocol);
    for (uint32_t i = 1; i < Dialogue::kMaxRefused; ++i) {
      ASSERT_EQ(dialogue->FromClient("USER me\r\n").next, Next::kGoOn);
    }
    EXPECT_EQ(dialogue->FromClient("USER me\r\n").next, Next::kEnd);
  }
}

// The end of the content is found wherever it is cut.
TEST(DialogueTest, FindsTheEndOfAMailInPieces) {
  const std::string content = "a\r\n..\r\n.\n.\r\r\n.\rx\r\n\r\n.\r\n";
  for (size_t cut = 0; cut <= content.size(); ++cut) {
    auto dialogue = Greeted(Protocol::kSmtp);
    (void)dialogue->FromClient("DATA\r\n");
    (void)dialogue->FromServer("354 go\r\n");
    std::string passed = dialogue->FromClient(content.substr(0, cut)).to_server;
    passed += dialogue->FromClient(content.substr(cut) + "QUIT\r\n").to_server;
    EXPECT_EQ(passed, content) << cut;
    EXPECT_EQ(dialogue->FromServer("250 ok\r\n").to_server, "QUIT\r\n") << cut;
  }
}

}  // namespace
}  // namespace aloha::mail
