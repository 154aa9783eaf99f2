#include "workers/runtime/packet.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <numeric>

namespace aloha {
namespace {

size_t NumDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

class PacketTest : public testing::Test {
 protected:
  SocketPair pair_ = std::move(*MakeSocketPair(SOCK_SEQPACKET));
  const UniqueFd null_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

TEST_F(PacketTest, CarriesBytesAndDescriptors) {
  const int descriptors[] = {null_.get(), pair_.theirs.get()};
  ASSERT_TRUE(SendPacket(pair_.ours.get(), std::string("a\0b", 3), descriptors));
  auto packet = ReceivePacket(pair_.theirs.get());
  ASSERT_TRUE(packet) << packet.error().message;
  EXPECT_EQ(packet->payload, std::string("a\0b", 3));
  ASSERT_EQ(packet->descriptors.size(), 2U);
  for (const UniqueFd& fd : packet->descriptors) EXPECT_TRUE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
  struct stat sent {
  }, received{};
  fstat(null_.get(), &sent);
  fstat(packet->descriptors[0].get(), &received);
  EXPECT_EQ(sent.st_rdev, received.st_rdev);
}

TEST_F(PacketTest, KeepsTheBordersBetweenPackets) {
  ASSERT_TRUE(SendPacket(pair_.ours.get(), "one"));
  ASSERT_TRUE(SendPacket(pair_.ours.get(), std::string(kMaxPacketBytes, 'x')));
  EXPECT_EQ(ReceivePacket(pair_.theirs.get())->payload, "one");
  EXPECT_EQ(ReceivePacket(pair_.theirs.get())->payload.size(),
            static_cast<size_t>(kMaxPacketBytes));
}

TEST_F(PacketTest, CarriesAsManyDescriptorsAsPromised) {
  const std::vector<int> most(kMaxPacketDescriptors, null_.get());
  ASSERT_TRUE(SendPacket(pair_.ours.get(), "x", most));
  EXPECT_EQ(ReceivePacket(pair_.theirs.get())->descriptors.size(), most.size());
  const std::vector<int> more(kMaxPacketDescriptors + 1, null_.get());
  EXPECT_EQ(SendPacket(pair_.ours.get(), "x", more).error().code, Code::kInvalidArgument);
}

TEST_F(PacketTest, TellsEmptyFromGone) {
  EXPECT_EQ(ReceivePacket(pair_.theirs.get()).error().code, Code::kResourceExhausted);
  pair_.ours.reset();
  EXPECT_EQ(ReceivePacket(pair_.theirs.get()).error().code, Code::kUnavailable);
  EXPECT_EQ(SendPacket(pair_.theirs.get(), "x").error().code, Code::kUnavailable);
}

TEST_F(PacketTest, TellsThatTheChannelIsFull) {
  const std::string kilobytes(8'192, 'x');
  Result<> sent;
  for (int i = 0; sent && i < 10'000; ++i) sent = SendPacket(pair_.ours.get(), kilobytes);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Code::kResourceExhausted);
}

TEST_F(PacketTest, RefusesWhatCannotBeSent) {
  EXPECT_EQ(SendPacket(pair_.ours.get(), "").error().code, Code::kInvalidArgument);
  EXPECT_EQ(SendPacket(pair_.ours.get(), std::string(kMaxPacketBytes + 1, 'x')).error().code,
            Code::kInvalidArgument);
  EXPECT_FALSE(SendPacket(-1, "x"));
  EXPECT_FALSE(ReceivePacket(-1));
}

// What a peer could send that SendPacket would not.
TEST_F(PacketTest, ClosesWhatComesWithAPacketThatIsCutOff) {
  const size_t before = NumDescriptors();
  std::string payload(kMaxPacketBytes + 1, 'x');
  for (const size_t bytes : {size_t{1}, payload.size()}) {
    const size_t count = bytes == 1 ? 100 : 1;  // too many descriptors, or too many bytes
    std::vector<int> descriptors(count, null_.get());
    std::vector<char> control(CMSG_SPACE(sizeof(int) * count));
    iovec data{payload.data(), bytes};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * count);
    ASSERT_EQ(sendmsg(pair_.ours.get(), &message, 0), static_cast<ssize_t>(bytes));
    const auto packet = ReceivePacket(pair_.theirs.get());
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error().code, Code::kInvalidArgument);
    EXPECT_EQ(NumDescriptors(), before);
  }
}

TEST(UniqueFd, ClosesOnce) {
  const size_t before = NumDescriptors();
  {
    UniqueFd first(open("/dev/null", O_RDONLY | O_CLOEXEC));
    UniqueFd second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): what this test is about
    EXPECT_TRUE(second);
    const int raw = second.release();
    EXPECT_FALSE(second);
    first.reset(raw);
    EXPECT_EQ(NumDescriptors(), before + 1);
  }
  EXPECT_EQ(NumDescriptors(), before);
}

}  // namespace
}  // namespace aloha
