#include "workers/runtime/descriptors.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>

namespace aloha {
namespace {

using testing::ElementsAre;

size_t NumDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

class DescriptorInboxTest : public testing::Test {
 protected:
  void SetUp() override {
    inbox_.SetChannel(pair_.theirs.get());
    inbox_.OnPeer([this](const std::string& role, UniqueFd socket) {
      EXPECT_TRUE(socket);
      peers_.push_back(role);
    });
  }

  static void AddListener(const std::string& address, uint32_t port,
                          worker::v1::Descriptors& names) {
    worker::v1::ListenerKey* key = names.add_descriptors()->mutable_listener();
    key->set_address(address);
    key->set_port(port);
  }

  void Send(const worker::v1::Descriptors& names, size_t count) {
    const std::vector<int> descriptors(count, null_.get());
    ASSERT_TRUE(SendPacket(pair_.ours.get(), names.SerializeAsString(), descriptors));
  }

  SocketPair pair_ = std::move(*MakeSocketPair(SOCK_SEQPACKET));
  const UniqueFd null_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  DescriptorInbox inbox_;
  std::vector<std::string> peers_;
};

TEST_F(DescriptorInboxTest, SortsWhatArrives) {
  worker::v1::Descriptors names;
  AddListener("127.0.0.1", 143, names);
  AddListener("::", 143, names);
  names.add_descriptors()->set_peer_role("health");
  names.add_descriptors()->mutable_stick_table()->set_name("rpc");
  Send(names, 4);
  EXPECT_TRUE(inbox_.Receive());
  EXPECT_TRUE(inbox_.TakeListener("::", 143));
  EXPECT_FALSE(inbox_.TakeListener("::", 143)) << "taken";
  EXPECT_FALSE(inbox_.TakeListener("127.0.0.1", 993));
  EXPECT_TRUE(inbox_.TakeListener("127.0.0.1", 143));
  EXPECT_TRUE(inbox_.TakeStickTable("rpc"));
  EXPECT_FALSE(inbox_.TakeStickTable("other"));
  EXPECT_THAT(peers_, ElementsAre("health"));
}

TEST_F(DescriptorInboxTest, ALaterDescriptorReplacesAnEarlierOne) {
  const size_t before = NumDescriptors();
  worker::v1::Descriptors names;
  AddListener("127.0.0.1", 143, names);
  Send(names, 1);
  Send(names, 1);
  EXPECT_TRUE(inbox_.Receive());
  EXPECT_EQ(NumDescriptors(), before + 1);
  inbox_.Clear();
  EXPECT_EQ(NumDescriptors(), before);
}

TEST_F(DescriptorInboxTest, CountsThatDifferLeakNothing) {
  const size_t before = NumDescriptors();
  worker::v1::Descriptors two;
  AddListener("127.0.0.1", 143, two);
  AddListener("127.0.0.1", 993, two);
  Send(two, 1);
  EXPECT_TRUE(inbox_.Receive());
  EXPECT_TRUE(inbox_.TakeListener("127.0.0.1", 143));
  EXPECT_FALSE(inbox_.TakeListener("127.0.0.1", 993));
  Send(two, 3);
  two.add_descriptors();  // names nothing
  Send(two, 3);
  EXPECT_TRUE(inbox_.Receive());
  EXPECT_EQ(NumDescriptors(), before + 2);
}

TEST_F(DescriptorInboxTest, GarbageIsSkipped) {
  const size_t before = NumDescriptors();
  const int descriptors[] = {null_.get()};
  ASSERT_TRUE(SendPacket(pair_.ours.get(), "\xff\xff garbage", descriptors));
  worker::v1::Descriptors names;
  AddListener("127.0.0.1", 143, names);
  Send(names, 1);
  EXPECT_TRUE(inbox_.Receive());
  EXPECT_TRUE(inbox_.TakeListener("127.0.0.1", 143));
  EXPECT_EQ(NumDescriptors(), before);
}

TEST_F(DescriptorInboxTest, TellsThatTheOtherEndIsGone) {
  EXPECT_TRUE(inbox_.Receive()) << "nothing waits";
  worker::v1::Descriptors names;
  AddListener("127.0.0.1", 143, names);
  Send(names, 1);
  pair_.ours.reset();
  EXPECT_FALSE(inbox_.Receive());
  EXPECT_TRUE(inbox_.TakeListener("127.0.0.1", 143)) << "what arrived before stays";
  inbox_.SetChannel(-1);
  EXPECT_FALSE(inbox_.Receive());
}

TEST_F(DescriptorInboxTest, SendsToTheSupervisor) {
  worker::v1::Descriptors names;
  AddListener("127.0.0.1", 143, names);
  const int descriptors[] = {null_.get()};
  ASSERT_TRUE(inbox_.Send(names, descriptors));
  const auto packet = ReceivePacket(pair_.ours.get());
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload, names.SerializeAsString());
  EXPECT_EQ(packet->descriptors.size(), 1U);
  inbox_.SetChannel(-1);
  EXPECT_EQ(inbox_.Send(names, descriptors).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace aloha
