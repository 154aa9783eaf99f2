#include "workers/runtime/signing_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "handoff/v1/handoff.pb.h"
#include "workers/runtime/packet.h"

namespace aloha {
namespace {

using testing::HasSubstr;

// The other end: aloha-keys, as a test has it answer.
class SigningClientTest : public testing::Test {
 protected:
  SigningClientTest() {
    SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
    client_.Use(std::move(pair.ours));
    keys_ = std::move(pair.theirs);
  }

  // Waits for a request.
  handoff::v1::SignRequest Next() {
    pollfd wait{.fd = keys_.get(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, 20'000);
    handoff::v1::SignRequests requests;
    const auto packet = ReceivePacket(keys_.get());
    if (packet) requests.ParseFromString(packet->payload);
    return requests.requests_size() == 1 ? requests.requests(0) : handoff::v1::SignRequest();
  }

  void Answer(uint64_t id, const std::string& signature, const std::string& reason = {}) {
    handoff::v1::SignResponses responses;
    handoff::v1::SignResponse* response = responses.add_responses();
    response->set_id(id);
    response->set_signature(signature);
    response->set_reason(reason);
    (void)SendPacket(keys_.get(), responses.SerializeAsString());
  }

  SigningClient client_{std::chrono::milliseconds(300)};
  UniqueFd keys_;
};

TEST_F(SigningClientTest, BringsTheRequestAndItsSignature) {
  handoff::v1::SignRequest request;
  std::thread keys([&] {
    request = Next();
    (void)SendPacket(keys_.get(), "\xff no message");
    Answer(request.id() + 7, "somebody else's");
    Answer(request.id(), "signed");
  });
  const auto signature = client_.Sign("key", 0x0804, "message");
  keys.join();
  ASSERT_TRUE(signature) << signature.error().message;
  EXPECT_EQ(*signature, "signed");
  EXPECT_EQ(request.key(), "key");
  EXPECT_EQ(request.scheme(), 0x0804U);
  EXPECT_EQ(request.message(), "message");
}

TEST_F(SigningClientTest, TellsWhyItIsRefused) {
  std::thread keys([&] { Answer(Next().id(), "", "rate limit\n"); });
  const auto refused = client_.Sign("key", 0x0804, "message");
  keys.join();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_EQ(refused.error().message, "rate limit\\x0a");
}

TEST_F(SigningClientTest, WaitsOnceForWhoDoesNotAnswerAndHearsTheNextAnswer) {
  ASSERT_FALSE(client_.Sign("key", 0x0804, "first"));
  const uint64_t late = Next().id();
  const auto begun = std::chrono::steady_clock::now();
  const auto second = client_.Sign("key", 0x0804, "second");
  EXPECT_EQ(second.error().code, Code::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(250));
  Answer(late, "too late");
  std::thread keys([&] {
    (void)Next();
    Answer(Next().id(), "in time");
  });
  const auto third = client_.Sign("key", 0x0804, "third");
  keys.join();
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_EQ(*third, "in time");
}

TEST_F(SigningClientTest, ADeadOneIsKnownAtOnceAndANewOneTakesItsPlace) {
  keys_.reset();
  EXPECT_EQ(client_.Sign("key", 0x0804, "message").error().code, Code::kUnavailable);
  EXPECT_THAT(client_.Sign("key", 0x0804, "message").error().message, HasSubstr("not there"));
  SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
  client_.Use(std::move(pair.ours));
  keys_ = std::move(pair.theirs);
  std::thread keys([&] { Answer(Next().id(), "signed"); });
  EXPECT_TRUE(client_.Sign("key", 0x0804, "message"));
  keys.join();
}

}  // namespace
}  // namespace aloha
