// What the engine tells of its sessions, and ends on request.
#include <gtest/gtest.h>

#include <future>

#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {
namespace {

class EngineAdminTest : public testing::Test {
 protected:
  EngineAdminTest() {
    proxy_.AddServer("a", server_.port());
    proxy_.Apply();
  }
  uint64_t Close(const worker::v1::CloseSessionsRequest& request) {
    std::promise<uint64_t> closed;
    const auto closing =
        proxy_.engine().CloseSessions(request, [&](uint64_t count) { closed.set_value(count); });
    return closing ? closed.get_future().get() : UINT64_MAX;
  }
  TestServer server_{TestServer::Echo("a")};
  TestProxy proxy_;
};

TEST_F(EngineAdminTest, ListsSessions) {
  const Socket client = proxy_.Connect();
  ASSERT_EQ(client.Receive(2), "a\n");
  ASSERT_TRUE(client.Send("hello"));
  ASSERT_EQ(client.Receive(5), "hello");
  const auto sessions = proxy_.Sessions();
  ASSERT_EQ(sessions.total(), 1u);
  const auto& session = sessions.sessions(0);
  EXPECT_EQ(session.service(), "imap");
  EXPECT_EQ(session.server(), "a");
  EXPECT_EQ(session.client(), "127.0.0.1:" + std::to_string(client.LocalPort()));
  EXPECT_EQ(session.listener(), "127.0.0.1:" + std::to_string(proxy_.port()));
  EXPECT_EQ(session.bytes_from_client(), 5u);
  EXPECT_EQ(session.bytes_to_client(), 7u);
  EXPECT_EQ(session.state(), "established");
}

TEST_F(EngineAdminTest, ClosesWhatIsNamed) {
  const Socket first = proxy_.Connect(), second = proxy_.Connect(), third = proxy_.Connect();
  for (const Socket* client : {&first, &second, &third}) ASSERT_EQ(client->Receive(2), "a\n");
  const auto sessions = proxy_.Sessions();
  ASSERT_EQ(sessions.total(), 3u);
  worker::v1::CloseSessionsRequest request;
  EXPECT_EQ(Close(request), UINT64_MAX);  // names nothing
  request.set_client_address("nonsense");
  EXPECT_EQ(Close(request), UINT64_MAX);
  request.set_client_address("127.0.0.2");
  EXPECT_EQ(Close(request), 0u);
  request.clear_client_address();
  request.set_id(sessions.sessions(0).id());
  EXPECT_EQ(Close(request), 1u);
  EXPECT_EQ(Close(request), 0u);
  request.Clear();
  request.set_service("imap");
  request.set_server("a");
  EXPECT_EQ(Close(request), 2u);
  for (const Socket* client : {&first, &second, &third}) EXPECT_TRUE(client->Ended());
  EXPECT_EQ(proxy_.engine().sessions(), 0u);
}

TEST_F(EngineAdminTest, TooManySessionsAreRefused) {
  TestProxy small(/*max_sessions=*/1);
  small.AddServer("a", server_.port());
  small.Apply();
  const Socket first = small.Connect();
  ASSERT_EQ(first.Receive(2), "a\n");
  EXPECT_TRUE(small.Connect().Ended());
  EXPECT_EQ(small.Stats().denied_total(), 1u);
}

TEST_F(EngineAdminTest, AnUnknownTable) {
  worker::v1::ClearStickEntriesRequest request;
  request.set_table("rpc");
  EXPECT_EQ(proxy_.engine().ClearStickEntries(request).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace aloha::proxy
