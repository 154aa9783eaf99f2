// The kernel's record layer on one side of a connection, ours on the other. Needs a kernel with the
// module `tls`: guest/test_kernel_tls.py boots one.
#include "workers/net/kernel_tls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>

#include "tests/unit/net/tls_records_support.h"
#include "workers/net/tls_suites.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::net {
namespace {

using Kind = TlsRecords::Opened::Kind;
using std::string_literals::operator""s;

constexpr TlsKind kTls13{0x0304, 0x1301};

std::string Text(size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * 31 + (i >> 8));
  return text;
}

std::vector<TlsKind> KindsOfTheKernel() {
  std::vector<TlsKind> kinds = AllTlsKinds();
  std::erase_if(kinds,
                [](const TlsKind& kind) { return FindTlsSuite(kind.cipher, kind.version)->cbc(); });
  return kinds;
}

// The server's side of a TCP connection is the kernel's, the client's is ours.
class KernelTlsTest : public testing::Test {
 protected:
  explicit KernelTlsTest(const TlsKind& kind = kTls13, uint64_t sequence = 0)
      : pair_(kind, sequence) {}
  void SetUp() override {
    const Result<> probed = ProbeKernelTls();
    ASSERT_TRUE(probed) << probed.error().message;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    const UniqueFd listener(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(bind(listener.get(), name, length), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    ASSERT_EQ(getsockname(listener.get(), name, &length), 0);
    ours_.reset(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(ours_.get(), name, length), 0);
    theirs_.reset(accept(listener.get(), nullptr, nullptr));
    ASSERT_TRUE(theirs_);
    // Both count on from some records of user space.
    EXPECT_EQ(OpenBytes(client(), SealText(server(), "warming up", 3)).text, "warming up");
    EXPECT_EQ(OpenBytes(server(), SealText(client(), "warming up", 3)).text, "warming up");
  }

  TlsRecords& client() { return *pair_.client; }
  TlsRecords& server() { return *pair_.server; }
  void OffloadSend() {
    const Result<> done = server().OffloadSend(theirs_.get());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(server().kernel_sends());
  }
  void OffloadReceive() {
    const Result<> done = server().OffloadReceive(theirs_.get());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(server().kernel_receives());
  }
  void Write(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0) << strerror(errno);
      bytes.remove_prefix(sent);
    }
  }
  // Opens what comes on our side until there is so much plaintext, or the end.
  OpenedText OpenOurs(size_t least) {
    OpenedText all;
    std::string waiting;
    std::string buffer(65'536, '\0');
    while (all.text.size() < least && all.opened.kind == Kind::kData) {
      const ssize_t got = recv(ours_.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      waiting.append(buffer, 0, got);
      const OpenedText some = OpenBytes(client(), waiting);
      waiting.erase(0, some.opened.consumed);
      all.text += some.text;
      all.opened = some.opened;
    }
    return all;
  }
  // Waits for something, then one read by the kernel.
  OpenedText ReadTheirs(size_t room = 65'536) {
    char peeked = 0;
    (void)recv(theirs_.get(), &peeked, 0, MSG_PEEK);
    std::string buffer(room, '\0');
    OpenedText text;
    do {
      const TlsRecords::KernelRead read =
          server().ReceiveByKernel(theirs_.get(), buffer.data(), buffer.size());
      text.opened = read.opened;
      error_ = read.error;
    } while (error_ == EAGAIN && usleep(1000) == 0);
    text.text = buffer.substr(0, text.opened.produced);
    return text;
  }

  TlsRecordsPair pair_;
  UniqueFd ours_, theirs_;
  int error_ = 0;
};
class KernelTlsEveryKind : public KernelTlsTest, public testing::WithParamInterface<TlsKind> {
 protected:
  KernelTlsEveryKind() : KernelTlsTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Kinds, KernelTlsEveryKind, testing::ValuesIn(KindsOfTheKernel()),
                         [](const auto& kind) { return TlsKindName(kind.param); });

TEST_P(KernelTlsEveryKind, SendsWhatIsWritten) {
  OffloadSend();
  const std::string text = Text(300'000);
  std::thread writer([&] { Write(theirs_.get(), text); });
  EXPECT_EQ(OpenOurs(text.size()).text, text);
  writer.join();
  EXPECT_EQ(SealText(server(), "by us"), "");
  EXPECT_EQ(SealAlert(server(), 0), "");
  // The other direction stayed.
  EXPECT_EQ(OpenBytes(server(), SealText(client(), "answer")).text, "answer");
}

TEST_P(KernelTlsEveryKind, SendsWhatIsSpliced) {
  OffloadSend();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  const std::string text = Text(200'000);
  std::thread writer([&] {
    ASSERT_EQ(fcntl(write_end.get(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
    ASSERT_EQ(write(write_end.get(), text.data(), text.size()), ssize_t(text.size()));
    for (size_t left = text.size(); left > 0;) {
      const ssize_t moved = splice(read_end.get(), nullptr, theirs_.get(), nullptr, left, 0);
      ASSERT_GT(moved, 0) << strerror(errno);
      left -= moved;
    }
  });
  EXPECT_EQ(OpenOurs(text.size()).text, text);
  writer.join();
}

TEST_P(KernelTlsEveryKind, ReceivesWhatIsSealed) {
  OffloadReceive();
  const std::string text = Text(100'000);
  Write(ours_.get(), SealText(client(), text, 10'000));
  std::string all;
  while (all.size() < text.size()) {
    const OpenedText some = ReadTheirs();
    ASSERT_EQ(some.opened.kind, Kind::kData) << some.opened.reason;
    ASSERT_EQ(error_, 0) << strerror(error_);
    all += some.text;
  }
  EXPECT_EQ(all, text);
  EXPECT_EQ(OpenBytes(client(), SealText(server(), "answer")).text, "answer");
}

TEST_P(KernelTlsEveryKind, ReceivesInToPipes) {
  OffloadReceive();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  const std::string text = Text(40'000);
  Write(ours_.get(), SealText(client(), text));
  Write(ours_.get(), SealAlert(client(), 0));
  std::string all;
  std::string buffer(65'536, '\0');
  while (all.size() < text.size()) {
    const ssize_t moved = splice(theirs_.get(), nullptr, write_end.get(), nullptr, 65'536, 0);
    ASSERT_GT(moved, 0) << strerror(errno);
    ASSERT_EQ(read(read_end.get(), buffer.data(), buffer.size()), moved);
    all.append(buffer, 0, moved);
  }
  EXPECT_EQ(all, text);
  // What the header says of other records.
  EXPECT_EQ(splice(theirs_.get(), nullptr, write_end.get(), nullptr, 65'536, SPLICE_F_NONBLOCK),
            -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(recv(theirs_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(ReadTheirs().opened.kind, Kind::kClosed);
}

TEST_P(KernelTlsEveryKind, BothDirections) {
  OffloadSend();
  OffloadReceive();
  Write(ours_.get(), SealText(client(), "question"));
  EXPECT_EQ(ReadTheirs().text, "question");
  Write(theirs_.get(), "answer");
  EXPECT_EQ(OpenOurs(6).text, "answer");
}

TEST_P(KernelTlsEveryKind, AlertsAreSent) {
  OffloadSend();
  Write(theirs_.get(), "last");
  EXPECT_FALSE(server().closed());
  EXPECT_TRUE(server().SendAlertByKernel(theirs_.get(), 0)) << strerror(errno);
  EXPECT_TRUE(server().closed());
  const OpenedText end = OpenOurs(5);
  EXPECT_EQ(end.text, "last");
  EXPECT_EQ(end.opened.kind, Kind::kClosed);
}

TEST_P(KernelTlsEveryKind, AlertsAreReceived) {
  OffloadReceive();
  Write(ours_.get(), SealText(client(), "last"));
  Write(ours_.get(), SealAlert(client(), 48));
  EXPECT_EQ(ReadTheirs().text, "last");
  const OpenedText end = ReadTheirs();
  EXPECT_EQ(end.opened.kind, Kind::kFailed);
  EXPECT_STREQ(end.opened.reason, "alert unknown_ca came");
}

TEST_P(KernelTlsEveryKind, TamperedRecordsBreak) {
  OffloadReceive();
  std::string wire = SealText(client(), "tampered");
  wire.back() ^= 1;
  Write(ours_.get(), wire);
  const OpenedText end = ReadTheirs();
  EXPECT_EQ(end.opened.kind, Kind::kFailed);
  EXPECT_EQ(end.opened.alert, 20);
}

TEST_F(KernelTlsTest, NothingThereIsNoError) {
  OffloadReceive();
  char buffer[100];
  const auto read = server().ReceiveByKernel(theirs_.get(), buffer, sizeof buffer);
  EXPECT_EQ(read.opened.kind, Kind::kData);
  EXPECT_EQ(read.error, EAGAIN);
}

TEST_F(KernelTlsTest, ATruncationIsAnError) {
  OffloadReceive();
  Write(ours_.get(), SealText(client(), "cut").substr(0, 20));
  shutdown(ours_.get(), SHUT_WR);
  (void)ReadTheirs();
  EXPECT_EQ(error_, ECONNRESET);
}

TEST_F(KernelTlsTest, EmptyRecordsAreNoEnd) {
  OffloadReceive();
  const std::string secret = MakeTlsKeys(kTls13, false).read_secret();
  // After the records of warming up.
  Write(ours_.get(), RawRecord(secret, 4, "\x17"));
  Write(ours_.get(), RawRecord(secret, 5, "data\x17\0\0"s));
  std::string all;
  for (int i = 0; i < 2 && all.empty(); ++i) {
    all = ReadTheirs().text;
    EXPECT_EQ(error_, 0) << strerror(error_);
  }
  EXPECT_EQ(all, "data");
}

TEST_F(KernelTlsTest, AKeyUpdateBreaksWhatTheKernelReceives) {
  OffloadReceive();
  const std::string secret = MakeTlsKeys(kTls13, false).read_secret();
  Write(ours_.get(), RawRecord(secret, 4, "\x18\0\0\x01\0\x16"s));
  const OpenedText end = ReadTheirs();
  EXPECT_EQ(end.opened.kind, Kind::kFailed);
  EXPECT_EQ(end.opened.alert, 80);
}

TEST_F(KernelTlsTest, AKeyUpdateThatIsAskedForBreaksWhatTheKernelSends) {
  OffloadSend();
  const std::string secret = MakeTlsKeys(kTls13, false).read_secret();
  EXPECT_EQ(OpenBytes(server(), RawRecord(secret, 4, "\x18\0\0\x01\x01\x16"s)).opened.alert, 80);
}

TEST_F(KernelTlsTest, WhatIsOwedComesFirst) {
  const std::string secret = MakeTlsKeys(kTls13, false).read_secret();
  EXPECT_EQ(OpenBytes(server(), RawRecord(secret, 4, "\x18\0\0\x01\x01\x16"s)).opened.kind,
            Kind::kData);
  EXPECT_FALSE(server().OffloadSend(theirs_.get()));
  EXPECT_EQ(OpenBytes(client(), SealText(server(), "now")).text, "now");
  OffloadSend();
}

TEST_F(KernelTlsTest, HalfAMessageComesFirst) {
  const std::string secret = MakeTlsKeys(kTls13, false).read_secret();
  EXPECT_EQ(OpenBytes(server(), RawRecord(secret, 4, "\x18\x16")).opened.kind, Kind::kData);
  EXPECT_FALSE(server().OffloadReceive(theirs_.get()));
}

}  // namespace
}  // namespace aloha::net
