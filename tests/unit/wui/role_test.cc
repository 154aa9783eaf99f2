#include "wui/role.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/wui/listener.h"
#include "workers/runtime/packet.h"

namespace aloha::wui {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class WuiRoleTest : public testing::Test {
 protected:
  WuiRoleTest() : channel_(MakeSocketPair(SOCK_SEQPACKET).value()) {
    inbox_.SetChannel(channel_.theirs.get());
  }

  // Sends a listener under the address "127.0.0.1" and a port that need not be its own.
  void Send(int fd, uint32_t port) {
    const NamedDescriptor named[] = {{NameListener("127.0.0.1", port), fd}};
    ASSERT_TRUE(SendDescriptors(channel_.ours.get(), named));
    ASSERT_TRUE(inbox_.Receive());
  }
  static worker::v1::Snapshot Metrics(uint32_t port) {
    worker::v1::Snapshot snapshot;
    auto* listener = snapshot.mutable_wui()->mutable_metrics()->mutable_listener();
    listener->set_address("127.0.0.1");
    listener->set_port(port);
    return snapshot;
  }
  // Runs the control thread while the client waits.
  std::string Ask(const std::string& path) {
    std::string answer;
    std::thread client([&] {
      answer = Exchange(Connect(port_), "GET " + path + " HTTP/1.0\r\n\r\n");
      asio::post(loop_, [this] { loop_.stop(); });
    });
    loop_.restart();
    loop_.run();
    client.join();
    return answer;
  }
  void Run() {
    auto [listener, port] = Listen();
    port_ = port;
    Send(listener.get(), port);
    ASSERT_TRUE(role_.Prepare(Metrics(port)));
    role_.Commit();
  }

  SocketPair channel_;
  DescriptorInbox inbox_;
  asio::io_context loop_{1};
  Log log_{LogOptions{"aloha-wui", LogLevel::kError}};
  WuiRole role_{WorkerContext{loop_, inbox_, log_}, Surroundings{}};
  uint16_t port_ = 0;
};

TEST_F(WuiRoleTest, AnswersHealthAndNothingUnknown) {
  Run();
  EXPECT_THAT(Ask("/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask("/metrics/"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(WuiRoleTest, WithoutASupervisorThereAreNoMetrics) {
  Run();
  EXPECT_THAT(Ask("/metrics"), StartsWith("HTTP/1.1 503 "));
  // Its end is gone at once.
  role_.OnPeer("supervisor", MakeSocketPair(SOCK_STREAM).value().theirs);
  EXPECT_THAT(Ask("/metrics"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(WuiRoleTest, TheListenerStaysOverSnapshots) {
  Run();
  worker::v1::Snapshot next = Metrics(port_);
  next.mutable_wui()->mutable_metrics()->add_allow_from("192.0.2.1");
  ASSERT_TRUE(role_.Prepare(next));
  role_.Commit();
  EXPECT_EQ(Ask("/healthz"), "");
  ASSERT_EQ(role_.Keepsakes().size(), 1u);
  EXPECT_EQ(role_.Keepsakes()[0].first.listener().port(), port_);
}

TEST_F(WuiRoleTest, AnEmptySnapshotClosesTheListener) {
  Run();
  worker::v1::Snapshot none;
  none.mutable_wui();
  ASSERT_TRUE(role_.Prepare(none));
  role_.Commit();
  EXPECT_TRUE(role_.Keepsakes().empty());
  EXPECT_EQ(Ask("/healthz"), "");
}

TEST_F(WuiRoleTest, RefusesWhatItCannotRun) {
  EXPECT_FALSE(role_.Prepare(worker::v1::Snapshot()));
  EXPECT_THAT(role_.Prepare(Metrics(1)).error().message, HasSubstr("no listening socket"));
  Send(channel_.ours.get(), 1);  // no TCP listener
  EXPECT_FALSE(role_.Prepare(Metrics(1)));
  worker::v1::Snapshot networks = Metrics(1);
  networks.mutable_wui()->mutable_metrics()->add_allow_from("everybody");
  EXPECT_FALSE(role_.Prepare(networks));
}

}  // namespace
}  // namespace aloha::wui
