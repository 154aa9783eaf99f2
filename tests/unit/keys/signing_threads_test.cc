#include "workers/keys/signing_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <set>

#include "tests/unit/keys/messages.h"
#include "workers/runtime/packet.h"

namespace aloha::keys {
namespace {

constexpr int kPatience = 20'000;  // milliseconds

class SigningThreadsTest : public testing::Test {
 protected:
  SigningThreadsTest() {
    auto table = std::make_shared<KeyTable>();
    table->keys[held_->key.hash()] = {held_, true};
    signer_.Use(table);
  }

  // Our end of a channel that the threads serve.
  UniqueFd Connect() {
    SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
    threads_.Connect(std::move(pair.theirs));
    return std::move(pair.ours);
  }

  handoff::v1::SignRequests Requests(uint64_t first, int count) const {
    handoff::v1::SignRequests requests;
    for (int i = 0; i < count; ++i) {
      handoff::v1::SignRequest* request = requests.add_requests();
      request->set_id(first + static_cast<uint64_t>(i));
      request->set_key(held_->key.hash().data(), held_->key.hash().size());
      request->set_scheme(0x0403);
      request->set_message(CertificateVerify());
    }
    return requests;
  }

  // Reads answers until `count` came; those of refused requests have no signature.
  static std::set<uint64_t> Answers(int socket, size_t count) {
    std::set<uint64_t> ids;
    while (ids.size() < count) {
      pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
      if (poll(&wait, 1, kPatience) != 1) break;
      const auto packet = ReceivePacket(socket);
      handoff::v1::SignResponses responses;
      if (!packet || !responses.ParseFromString(packet->payload)) break;
      for (const auto& response : responses.responses()) {
        EXPECT_NE(response.signature(), "") << response.reason();
        EXPECT_TRUE(ids.insert(response.id()).second) << "answered twice";
      }
    }
    return ids;
  }

  Log log_{{.program = "test", .level = LogLevel::kAccess}};
  std::shared_ptr<HeldKey> held_ =
      std::make_shared<HeldKey>(std::move(*PrivateKey::Generate(worker::v1::KEY_TYPE_ECDSA_P256)));
  Signer signer_{log_};
  SigningThreads threads_{signer_, 3};
};

TEST_F(SigningThreadsTest, AnswersEveryRequestOfEveryPacket) {
  const UniqueFd socket = Connect();
  for (uint64_t packet = 0; packet < 20; ++packet) {
    pollfd wait{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    ASSERT_EQ(poll(&wait, 1, kPatience), 1);
    ASSERT_TRUE(SendPacket(socket.get(), Requests(packet * 50, 50).SerializeAsString()));
  }
  EXPECT_EQ(Answers(socket.get(), 1'000).size(), 1'000U);
  EXPECT_EQ(held_->signatures, 1'000U);
}

// Far more answers than the channel holds: the threads wait, and lose none.
TEST_F(SigningThreadsTest, ASlowReaderGetsEveryAnswer) {
  const UniqueFd socket = Connect();
  const int small = 4'096;
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  size_t sent = 0;
  while (sent < 3'000) {
    pollfd wait{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    // Full: the threads read nothing more, for their answers have no room.
    if (poll(&wait, 1, 200) != 1) break;
    if (SendPacket(socket.get(), Requests(sent, 1).SerializeAsString())) ++sent;
  }
  EXPECT_EQ(Answers(socket.get(), sent).size(), sent);
}

TEST_F(SigningThreadsTest, CountsWhatIsNoRequest) {
  const UniqueFd socket = Connect();
  ASSERT_TRUE(SendPacket(socket.get(), "\xff\xff\xff"));
  const int descriptors[] = {socket.get()};
  ASSERT_TRUE(SendPacket(socket.get(), Requests(1, 1).SerializeAsString(), descriptors));
  ASSERT_TRUE(SendPacket(socket.get(), Requests(2, 1).SerializeAsString()));
  EXPECT_EQ(Answers(socket.get(), 1), std::set<uint64_t>{2});
  EXPECT_EQ(signer_.malformed(), 2U);
}

TEST_F(SigningThreadsTest, ServesTheNewChannelWhenTheOldOneIsReplacedOrDies) {
  const UniqueFd first = Connect();
  const UniqueFd second = Connect();
  ASSERT_TRUE(SendPacket(second.get(), Requests(1, 1).SerializeAsString()));
  EXPECT_EQ(Answers(second.get(), 1).size(), 1U);
  pollfd wait{.fd = first.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, kPatience), 1) << "the old channel is still open";
  { const UniqueFd third = Connect(); }
  const UniqueFd fourth = Connect();
  ASSERT_TRUE(SendPacket(fourth.get(), Requests(2, 1).SerializeAsString()));
  EXPECT_EQ(Answers(fourth.get(), 1).size(), 1U);
}

}  // namespace
}  // namespace aloha::keys
