// Does TLS keep every byte, tell ends from truncations, and survive whatever the link brings?
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "tests/unit/proxy/http_harness.h"
#include "tests/unit/proxy/tls_harness.h"
#include "workers/runtime/packet.h"

namespace aloha::proxy {
namespace {

std::string RandomBytes(size_t count) {
  std::mt19937_64 random(count);
  std::string bytes(count, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class EngineTlsTest : public testing::Test {
 protected:
  EngineTlsTest() { proxy_.service().mutable_listeners(0)->set_tls(true); }
  void Serve(const TestServer& server) {
    proxy_.AddServer("a", server.port());
    proxy_.Apply();
  }

  TestProxy proxy_;
  TestTls tls_{proxy_};
};

TEST_F(EngineTlsTest, SmallExchanges) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  for (const net::TlsKind& kind : {kTls13, kTls12}) {
    TlsSocket client = tls_.Connect(0, kind);
    EXPECT_EQ(client.Receive(2), "a\n");
    for (int i = 0; i < 50; ++i) {
      const std::string message = "message " + std::to_string(i);
      ASSERT_TRUE(client.Send(message));
      ASSERT_EQ(client.Receive(message.size()), message);
    }
  }
}

TEST_F(EngineTlsTest, EndedSessionsAreNotCalledWhileTheirSocketsLiveOnElsewhere) {
  TestServer server([](Socket& socket) { (void)socket.Receive(1); });
  Serve(server);
  tls_.KeepCopies();
  for (int i = 0; i < 20; ++i) {
    TlsSocket client = tls_.Connect();
    ASSERT_TRUE(client.Send("x"));
    EXPECT_EQ(client.ReceiveToEnd(), "");  // the server closed, the session is over
    EXPECT_TRUE(client.socket().Send("y"));
  }
}

TEST_F(EngineTlsTest, EveryByteBothWays) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  TlsSocket client = tls_.Connect();
  const std::string sent = RandomBytes(3'000'000);
  EXPECT_EQ(client.Receive(2), "a\n");
  std::string received;
  for (size_t at = 0; at < sent.size(); at += 60'000) {
    const std::string part = sent.substr(at, 60'000);
    ASSERT_TRUE(client.Send(part));
    received += client.Receive(part.size());
  }
  EXPECT_EQ(received, sent);
}

TEST_F(EngineTlsTest, SlowReaderGetsEverything) {
  const std::string all = RandomBytes(8'000'000);
  TestServer server([&](Socket& socket) {
    socket.Send(all);
    socket.HalfClose();
    (void)socket.ReceiveToEnd();
  });
  Serve(server);
  TlsSocket client = tls_.Connect();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // buffers fill
  EXPECT_EQ(client.ReceiveToEnd(), all);
  EXPECT_TRUE(client.peer().closed());
}

TEST_F(EngineTlsTest, BytesBehindTheHandshakeAreServed) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  TlsSocket client = tls_.Connect(0, kTls13, "early bird");
  EXPECT_EQ(client.Receive(12), "a\nearly bird");
}

TEST_F(EngineTlsTest, OrderlyEndsArePassedOn) {
  std::promise<std::string> heard;
  TestServer server([&](Socket& socket) {
    heard.set_value(socket.ReceiveToEnd());
    socket.Send("got it");
  });
  Serve(server);
  TlsSocket client = tls_.Connect();
  ASSERT_TRUE(client.Send("all"));
  client.Close();
  EXPECT_EQ(heard.get_future().get(), "all");
  EXPECT_EQ(client.ReceiveToEnd(), "got it");
  EXPECT_TRUE(client.peer().closed());
}

TEST_F(EngineTlsTest, TruncationIsNoEnd) {
  std::promise<bool> reset;
  TestServer server([&](Socket& socket) {
    socket.Send("x");
    char buffer[16];
    ssize_t got = 0;
    while ((got = recv(socket.fd(), buffer, sizeof buffer, 0)) > 0) {
    }
    reset.set_value(got < 0 && errno == ECONNRESET);
  });
  Serve(server);
  TlsSocket client = tls_.Connect();
  EXPECT_EQ(client.Receive(1), "x");
  client.socket().HalfClose();
  EXPECT_TRUE(reset.get_future().get());
}

TEST_F(EngineTlsTest, BrokenRecordsEndTheSession) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  TlsSocket client = tls_.Connect();
  EXPECT_EQ(client.Receive(2), "a\n");
  ASSERT_TRUE(client.socket().Send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x')));
  EXPECT_EQ(client.ReceiveToEnd(), "");
  EXPECT_TRUE(client.peer().failed());  // an alert
}

TEST_F(EngineTlsTest, ListsVersionAndCipher) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  TlsSocket client = tls_.Connect();
  EXPECT_EQ(client.Receive(2), "a\n");
  const auto sessions = proxy_.Sessions();
  ASSERT_EQ(sessions.sessions_size(), 1);
  EXPECT_EQ(sessions.sessions(0).tls_version(), "TLSv1.3");
  EXPECT_EQ(sessions.sessions(0).tls_cipher(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(sessions.sessions(0).sni(), "mail.example.org");
}

TEST_F(EngineTlsTest, BadHandoversHarmNothing) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  handoff::v1::Connection connection;
  tls_.HandOver(connection, -1);
  connection.mutable_listener()->set_address("127.0.0.1");
  connection.mutable_listener()->set_port(proxy_.port());
  tls_.HandOver(connection, -1);
  tls_.HandOver(connection, 0);  // no socket
  auto pair = MakeSocketPair(SOCK_STREAM);
  tls_.HandOver(connection, pair->ours.get());    // no TCP
  tls_.HandOver(connection, proxy_.listener(0));  // not connected
  {
    const Socket other = Socket::To(server.port());  // of another port, and without keys
    tls_.HandOver(connection, other.fd());
    connection.mutable_keys()->set_version(0x0304);
    tls_.HandOver(connection, other.fd());
  }
  connection.set_request_id(uint64_t{77} << 48 | 5);  // of a thread that there is not
  tls_.HandOver(connection, pair->ours.get());
  connection.set_request_id(5);  // nobody asked
  tls_.HandOver(connection, pair->ours.get());
  TlsSocket client = tls_.Connect();
  EXPECT_EQ(client.Receive(2), "a\n");
  EXPECT_EQ(proxy_.Sessions().total(), 1u);
}

TEST_F(EngineTlsTest, ANewLinkReplacesALostOne) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  TlsSocket before = tls_.Connect();
  EXPECT_EQ(before.Receive(2), "a\n");
  tls_.Link();
  TlsSocket after = tls_.Connect();
  EXPECT_EQ(after.Receive(2), "a\n");
  ASSERT_TRUE(before.Send("still"));
  EXPECT_EQ(before.Receive(5), "still");
}

TEST_F(EngineTlsTest, ClientsHandedOverDuringADrainAreServed) {
  TestServer server(TestServer::Echo("a"));
  Serve(server);
  proxy_.StopListening();
  TlsSocket client = tls_.Connect();
  EXPECT_EQ(client.Receive(2), "a\n");
  EXPECT_EQ(proxy_.engine().sessions(), 1u);
}

class EngineTlsHttpTest : public testing::Test {
 protected:
  EngineTlsHttpTest() {
    proxy_.service().mutable_listeners(0)->set_tls(true);
    proxy_.AddServer("a", server_.port());
  }

  HttpServer server_{"a"};
  HttpProxy proxy_;
  TestTls tls_{proxy_};
};

TEST_F(EngineTlsHttpTest, TellsServersThatTheClientUsesTls) {
  proxy_.Apply();
  TlsSocket client = tls_.Connect();
  ASSERT_TRUE(client.Send(RequestOf("GET", "/x", "Front-End-Https: off\r\n")));
  EXPECT_EQ(client.Receive(15), "HTTP/1.1 200 OK");
  const std::string request = server_.requests().at(0);
  EXPECT_NE(request.find("X-Forwarded-Proto: https\r\n"), std::string::npos);
  EXPECT_NE(request.find("Front-End-Https: On\r\n"), std::string::npos);
  EXPECT_EQ(request.find("off"), std::string::npos);
}

TEST_F(EngineTlsHttpTest, CookiesAreSecure) {
  proxy_.service().mutable_cookie()->set_name("SRV");
  proxy_.service().mutable_servers(0)->set_cookie("s1");
  proxy_.Apply();
  TlsSocket client = tls_.Connect();
  ASSERT_TRUE(client.Send(RequestOf("GET", "/x", "Connection: close\r\n")));
  EXPECT_NE(client.ReceiveToEnd().find("Set-Cookie: SRV=s1; Path=/; HttpOnly; Secure\r\n"),
            std::string::npos);
  EXPECT_TRUE(client.peer().closed());
}

TEST_F(EngineTlsHttpTest, DuringADrainAConnectionHasOneRequest) {
  proxy_.Apply();
  proxy_.StopListening();
  TlsSocket client = tls_.Connect();
  ASSERT_TRUE(client.Send(RequestOf("GET", "/x")));
  const std::string answer = client.ReceiveToEnd();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(answer.find("a 1 /x"), std::string::npos);
}

TEST_F(EngineTlsHttpTest, RequestsThatShareARecord) {
  proxy_.Apply();
  TlsSocket client = tls_.Connect(0, kTls13, RequestOf("GET", "/1"));
  ASSERT_TRUE(client.Send(RequestOf("POST", "/2", {}, std::string(5'000, 'b')) +
                          RequestOf("GET", "/3") +
                          RequestOf("GET", "/4", "Connection: close\r\n")));
  const std::string all = client.ReceiveToEnd();
  for (const char* body : {"a 1 /1", "a 1 /2", "a 1 /3", "a 1 /4"}) {
    EXPECT_NE(all.find(body), std::string::npos) << body;
  }
}

class EngineBridgeTest : public testing::Test {
 protected:
  EngineBridgeTest() {
    proxy_.AddServer("a", server_.port()).set_tls("corp");
    proxy_.Apply();
  }

  // The record that comes to the server.
  std::promise<std::string> wire_;
  TestServer server_{[this](Socket& socket) { wire_.set_value(socket.Receive(5 + 5 + 1 + 16)); }};
  TestProxy proxy_;
  TestTls tls_{proxy_};
};

TEST_F(EngineBridgeTest, ServersAreSpokenToByTls) {
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send("hello"));
  const auto peer = tls_.Secure();
  EXPECT_EQ(peer->Read(wire_.get_future().get()), "hello");
}

TEST_F(EngineBridgeTest, HandshakesWaitForAlohaTls) {
  tls_.Close();
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send("hello"));
  ASSERT_TRUE(TestProxy::Eventually([&] { return server_.accepted() > 0; }));
  tls_.Link();
  const auto peer = tls_.Secure();
  EXPECT_EQ(peer->Read(wire_.get_future().get()), "hello");
}

TEST_F(EngineBridgeTest, TheProcessBeforeStillAnswers) {
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send("hello"));
  UniqueFd socket;
  const auto asked = tls_.Receive(socket);
  ASSERT_TRUE(asked);
  TestTls next(proxy_);
  const auto peer = tls_.Answer(asked->handshake(), socket.get());
  EXPECT_EQ(peer->Read(wire_.get_future().get()), "hello");
}

TEST(EngineBridgeFailureTest, AnUntrustedServerIsLeft) {
  TestServer bad(TestServer::Echo("bad"));
  TestServer good(TestServer::Echo("good"));
  TestProxy proxy;
  TestTls tls(proxy);
  proxy.AddServer("bad", bad.port()).set_tls("corp");
  proxy.AddServer("good", good.port());
  proxy.Apply();
  const Socket client = proxy.Connect();
  UniqueFd socket;
  const auto asked = tls.Receive(socket);
  ASSERT_TRUE(asked && asked->has_handshake());
  EXPECT_EQ(asked->handshake().connect(), "corp");
  handoff::v1::FromTls failed;
  failed.mutable_failed()->set_request_id(asked->handshake().request_id());
  failed.mutable_failed()->set_reason("certificate has expired");
  failed.mutable_failed()->set_untrusted(true);
  tls.Send(failed, -1);
  EXPECT_EQ(client.Receive(5), "good\n");
}

TEST(EngineBridgeFailureTest, NoAnswerIsATimeout) {
  TestServer server(TestServer::Echo("a"));
  TestProxy proxy;
  TestTls tls(proxy);
  proxy.AddServer("a", server.port()).set_tls("corp");
  proxy.service().set_connect_timeout_ms(50);
  proxy.service().set_retries(0);
  proxy.Apply();
  const Socket client = proxy.Connect();
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(proxy.Stats().failed_total(), 1u);
}

TEST(EngineBridgeFailureTest, ALostLinkFailsWhatWaits) {
  TestServer server(TestServer::Echo("a"));
  TestProxy proxy;
  TestTls tls(proxy);
  proxy.AddServer("a", server.port()).set_tls("corp");
  proxy.service().set_retries(0);
  proxy.Apply();
  const Socket client = proxy.Connect();
  UniqueFd socket;
  ASSERT_TRUE(tls.Receive(socket));
  tls.Close();
  EXPECT_TRUE(client.Ended());
}

}  // namespace
}  // namespace aloha::proxy
