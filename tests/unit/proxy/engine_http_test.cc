// Requests and the server connections that carry them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/proxy/http_harness.h"

namespace aloha::proxy {
namespace {

using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class EngineHttpTest : public testing::Test {
 protected:
  // Sends a request and returns the whole response.
  static std::string Exchange(const Socket& client, const std::string& request) {
    EXPECT_TRUE(client.Send(request));
    return ReceiveMessage(client);
  }
  static std::string Get(const Socket& client, const std::string& target,
                         const std::string& fields = {}) {
    return Exchange(client, RequestOf("GET", target, fields));
  }
  void UseServer(HttpServer& server) {
    proxy_.AddServer("a", server.port());
    proxy_.Apply();
  }

  HttpServer a_{"a"}, b_{"b"};
  HttpProxy proxy_;
};

TEST_F(EngineHttpTest, RequestsOfAClientShareOneServerConnection) {
  UseServer(a_);
  const Socket client = proxy_.Connect();
  EXPECT_THAT(Get(client, "/1"), EndsWith("\r\n\r\na 1 /1"));
  EXPECT_THAT(Exchange(client, RequestOf("POST", "/2", "", "body")), EndsWith("a 1 /2"));
  EXPECT_THAT(Get(client, "/3"), EndsWith("a 1 /3"));
  EXPECT_THAT(a_.requests(), SizeIs(3));
  EXPECT_TRUE(proxy_.Eventually([&] { return proxy_.HttpStats().requests_total() == 3; }));
}

TEST_F(EngineHttpTest, PipelinedRequestsAreAnsweredInOrder) {
  UseServer(a_);
  const Socket client = proxy_.Connect();
  std::string requests, expected;
  for (int i = 0; i < 50; ++i) {
    const std::string target = "/" + std::to_string(i);
    requests += i % 3 == 0 ? RequestOf("POST", target, "", "body") : RequestOf("GET", target);
    expected += ResponseOf("a 1 " + target);
  }
  ASSERT_TRUE(client.Send(requests));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveToEnd(), expected);
}

TEST_F(EngineHttpTest, APipelinedRequestBehindAnAnswerOfTheProxysOwnIsServed) {
  proxy_.AddServer("dead", ClosedPort());
  proxy_.AddPool("a", "/a");
  proxy_.AddServer("a", a_.port(), 1);
  a_.SetAnswer("/a/mute", HttpServer::kClose);
  a_.SetAnswer("/a/wrong", std::string("nonsense\r\n\r\n") + HttpServer::kClose);
  proxy_.Apply();
  for (const char* target : {"/a/mute", "/a/wrong", "/dead"}) {
    const Socket client = proxy_.Connect();
    ASSERT_TRUE(client.Send(RequestOf("GET", target) + RequestOf("GET", "/a/1")));
    EXPECT_THAT(ReceiveMessage(client), StartsWith("HTTP/1.1 50")) << target;
    EXPECT_THAT(ReceiveMessage(client), EndsWith(" /a/1")) << target;
  }
}

TEST_F(EngineHttpTest, ServerConnectionsAreNeverSharedNorReused) {
  UseServer(a_);
  std::vector<Socket> clients;
  for (int i = 1; i <= 8; ++i) {
    clients.push_back(proxy_.Connect());
    EXPECT_THAT(Get(clients.back(), "/"), EndsWith("a " + std::to_string(i) + " /"));
  }
  EXPECT_THAT(Get(clients.front(), "/"), EndsWith("a 1 /"));
  clients.clear();
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy_.engine().sessions() == 0; }));
  EXPECT_THAT(Get(proxy_.Connect(), "/"), EndsWith("a 9 /"));
  EXPECT_EQ(a_.accepted(), 9);
}

TEST_F(EngineHttpTest, TheCookieIsInsertedHonouredAndStripped) {
  proxy_.service().mutable_cookie()->set_name("SRV");
  proxy_.AddServer("a", a_.port()).set_cookie("ca");
  proxy_.AddServer("b", b_.port()).set_cookie("cb");
  proxy_.Apply();
  EXPECT_THAT(Get(proxy_.Connect(), "/"), HasSubstr("\r\nSet-Cookie: SRV=c"));
  for (int i = 0; i < 4; ++i) {
    const std::string response = Get(proxy_.Connect(), "/x", "Cookie: u=1; SRV=cb; v=2\r\n");
    EXPECT_THAT(response, HasSubstr("\r\n\r\nb "));
    EXPECT_THAT(response, Not(HasSubstr("Set-Cookie")));
  }
  EXPECT_THAT(Get(proxy_.Connect(), "/x", "Cookie: SRV=unknown\r\n"),
              HasSubstr("Set-Cookie: SRV=c"));
  EXPECT_THAT(b_.requests().back(), Not(HasSubstr("SRV")));
  EXPECT_THAT(a_.requests(), Each(Not(HasSubstr("SRV"))));
}

TEST_F(EngineHttpTest, AnAuthenticatedConnectionStaysWithItsServer) {
  proxy_.service().mutable_cookie()->set_name("SRV");
  proxy_.AddServer("a", a_.port()).set_cookie("ca");
  proxy_.AddServer("b", b_.port()).set_cookie("cb");
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  EXPECT_THAT(Get(client, "/", "Cookie: SRV=ca\r\nAuthorization: NTLM x\r\n"), HasSubstr("a 1 /"));
  EXPECT_THAT(Get(client, "/", "Cookie: SRV=cb\r\n"), HasSubstr("a 1 /"));
  const Socket other = proxy_.Connect();
  EXPECT_THAT(Get(other, "/", "Cookie: SRV=ca\r\n"), HasSubstr("a 2 /"));
  EXPECT_THAT(Get(other, "/", "Cookie: SRV=cb\r\n"), HasSubstr("b 1 /"));
}

TEST_F(EngineHttpTest, WhenAnAuthenticatedServerConnectionEndsSoDoesTheClients) {
  a_.SetAnswer("/end", ResponseOf("end") + HttpServer::kClose);
  UseServer(a_);
  const Socket client = proxy_.Connect();
  EXPECT_THAT(Get(client, "/", "Authorization: Negotiate x\r\n"), EndsWith("a 1 /"));
  EXPECT_THAT(Get(client, "/end"), EndsWith("end"));
  EXPECT_TRUE(client.Ended());
  // Without that the client goes on over another one.
  const Socket other = proxy_.Connect();
  EXPECT_THAT(Get(other, "/end"), EndsWith("end"));
  EXPECT_THAT(Get(other, "/"), EndsWith(" /"));
}

TEST_F(EngineHttpTest, APipelinedRequestOnAnAuthenticatedConnectionThatEndedIsNotHeld) {
  a_.SetAnswer("/end", ResponseOf("end") + HttpServer::kClose);
  UseServer(a_);
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(
      client.Send(RequestOf("GET", "/end", "Authorization: NTLM x\r\n") + RequestOf("GET", "/")));
  EXPECT_THAT(ReceiveMessage(client), EndsWith("end"));
  EXPECT_TRUE(client.Ended());
}

// Its end may come with the last bytes of a response or behind them.
TEST_F(EngineHttpTest, AServerConnectionThatEndedIsNotUsedForAnotherRequest) {
  TestServer once([](Socket& socket) {
    if (ReceiveHead(socket).empty()) return;
    (void)socket.Send(ResponseOf("once"));
    socket.HalfClose();
    EXPECT_EQ(socket.ReceiveToEnd(), "");
  });
  proxy_.AddServer("once", once.port());
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(Get(client, "/"), EndsWith("once"));
    ASSERT_TRUE(
        TestProxy::Eventually([&] { return proxy_.Sessions().sessions(0).server().empty(); }));
  }
  for (int i = 0; i < 100; ++i) {
    const Socket pinned = proxy_.Connect();
    EXPECT_THAT(Get(pinned, "/", "Authorization: NTLM x\r\n"), EndsWith("once"));
    EXPECT_TRUE(pinned.Ended());
  }
}

TEST_F(EngineHttpTest, AGetIsSentAgainWhenTheIdleConnectionHadBeenClosed) {
  a_.SetAnswer("/once", ResponseOf("once"));
  a_.SetAnswer("/gone", HttpServer::kClose);  // as if it had closed before the request came
  UseServer(a_);
  const Socket client = proxy_.Connect();
  EXPECT_THAT(Get(client, "/once"), EndsWith("once"));
  // On the second connection it is not sent again.
  EXPECT_THAT(Get(client, "/gone"), StartsWith("HTTP/1.1 502"));
  EXPECT_EQ(a_.accepted(), 2);
  EXPECT_THAT(a_.requests(), SizeIs(3));
}

TEST_F(EngineHttpTest, APostIsNeverSentAgain) {
  a_.SetAnswer("/gone", HttpServer::kClose);
  UseServer(a_);
  const Socket client = proxy_.Connect();
  EXPECT_THAT(Get(client, "/"), EndsWith("a 1 /"));
  ASSERT_TRUE(client.Send(RequestOf("POST", "/gone", "", "body")));
  EXPECT_EQ(client.ReceiveToEnd(), "");
  EXPECT_THAT(a_.requests(), SizeIs(2));
}

TEST_F(EngineHttpTest, AnAnswerMayComeBeforeTheRequestHasEnded) {
  TestServer early([](Socket& socket) {
    (void)ReceiveHead(socket);
    (void)socket.Send(ResponseOf("", "", "401 Unauthorized"));
    EXPECT_EQ(socket.Receive(6), "abcdef");
  });
  proxy_.AddServer("early", early.port());
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(
      client.Send(RequestOf("RPC_IN_DATA", "/rpc", "Content-Length: 1073741824\r\n") + "abc"));
  EXPECT_THAT(ReceiveMessage(client), StartsWith("HTTP/1.1 401"));
  ASSERT_TRUE(client.Send("def"));
}

TEST_F(EngineHttpTest, AClientThatWaitsForContinueGetsIt) {
  TestServer careful([](Socket& socket) {
    EXPECT_THAT(ReceiveHead(socket), HasSubstr("\r\nExpect: 100-continue\r\n"));
    (void)socket.Send("HTTP/1.1 100 Continue\r\n\r\n");
    (void)socket.Send(ResponseOf(socket.Receive(4)));
    (void)socket.Receive(1);
  });
  proxy_.AddServer("careful", careful.port());
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send(RequestOf("POST", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n")));
  EXPECT_EQ(ReceiveHead(client), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.Send("body"));
  EXPECT_THAT(ReceiveMessage(client), EndsWith("body"));
}

TEST_F(EngineHttpTest, ATunnelCarriesBytesBothWays) {
  TestServer sockets([](Socket& socket) {
    (void)ReceiveHead(socket);
    (void)socket.Send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
    (void)socket.Send(socket.Receive(6));
    (void)socket.ReceiveToEnd();
    (void)socket.Send("bye");
  });
  proxy_.AddServer("sockets", sockets.port());
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(
      client.Send(RequestOf("GET", "/", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "abc"));
  EXPECT_THAT(ReceiveHead(client), HasSubstr("\r\nUpgrade: websocket\r\n"));
  EXPECT_EQ(client.Receive(2), "hi");
  ASSERT_TRUE(client.Send("def"));
  EXPECT_EQ(client.Receive(6), "abcdef");
  client.HalfClose();
  EXPECT_EQ(client.ReceiveToEnd(), "bye");
}

TEST_F(EngineHttpTest, DrainEndsWhatWaitsAndFinishesWhatRuns) {
  TestServer slow([](Socket& socket) {
    (void)ReceiveHead(socket);
    (void)socket.Receive(1);  // the body's last byte
    (void)socket.Send(ResponseOf("done"));
    (void)socket.Receive(1);
  });
  proxy_.AddServer("slow", slow.port());
  proxy_.Apply();
  const Socket idle = proxy_.Connect(), busy = proxy_.Connect();
  ASSERT_TRUE(busy.Send(RequestOf("POST", "/", "Content-Length: 1\r\n")));
  ASSERT_TRUE(TestProxy::Eventually([&] { return slow.accepted() == 1; }));
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy_.Sessions().total() == 2; }));
  proxy_.StopListening();
  EXPECT_TRUE(idle.Ended());
  ASSERT_TRUE(busy.Send("x"));
  EXPECT_THAT(ReceiveMessage(busy), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(busy.Ended());
}

TEST_F(EngineHttpTest, NothingBehindWhatIsRefusedReachesAServer) {
  UseServer(a_);
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(
      client.Send(RequestOf("GET", "/1") +
                  RequestOf("POST", "/2", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") +
                  RequestOf("GET", "/3")));
  client.HalfClose();
  const std::string responses = client.ReceiveToEnd();
  EXPECT_THAT(responses, HasSubstr("a 1 /1HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(responses, Not(HasSubstr("/3")));
  EXPECT_THAT(a_.requests(), SizeIs(1));
  EXPECT_EQ(proxy_.HttpStats().bad_requests_total(), 1u);
}

TEST_F(EngineHttpTest, AnEmptyLineBeforeARequestMayComeInPieces) {
  UseServer(a_);
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send("\r"));
  ASSERT_TRUE(
      TestProxy::Eventually([&] { return proxy_.Stats().traffic().bytes_from_clients() == 1; }));
  EXPECT_THAT(Exchange(client, "\n" + RequestOf("GET", "/")), EndsWith("a 1 /"));
}

}  // namespace
}  // namespace aloha::proxy
