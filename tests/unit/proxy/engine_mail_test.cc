// TLS that begins in the middle of a dialogue: is it offered, is it begun, does anything slip past?
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "tests/unit/proxy/tls_harness.h"

namespace aloha::proxy {
namespace {

using worker::v1::MAIL_PROTOCOL_IMAP;
using worker::v1::MAIL_PROTOCOL_POP3;
using worker::v1::MAIL_PROTOCOL_SMTP;

// A line with its end, or what came of it.
std::string ReceiveLine(const Socket& socket) {
  std::string line;
  while (!line.ends_with('\n')) {
    const std::string byte = socket.Receive(1);
    if (byte.empty()) break;
    line += byte;
  }
  return line;
}

// Greets, and answers each line by a fixed answer for its beginning. Remembers what it heard.
class MailServer {
 public:
  using Answers = std::vector<std::pair<std::string, std::string>>;
  MailServer(std::string greeting, Answers answers)
      : greeting_(std::move(greeting)), answers_(std::move(answers)) {}

  uint16_t port() const { return server_.port(); }
  std::string heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void Serve(Socket& socket) {
    (void)socket.Send(greeting_);
    for (std::string line = ReceiveLine(socket); !line.empty(); line = ReceiveLine(socket)) {
      {
        const std::lock_guard lock(mutex_);
        heard_ += line;
      }
      (void)socket.Send(AnswerTo(line));
      if (line.starts_with("QUIT")) return;
    }
  }
  std::string AnswerTo(const std::string& line) const {
    for (const auto& [beginning, answer] : answers_) {
      if (line.starts_with(beginning)) return answer;
    }
    return {};
  }

  const std::string greeting_;
  const Answers answers_;
  mutable std::mutex mutex_;
  std::string heard_;  // guarded by mutex_
  TestServer server_{[this](Socket& socket) { Serve(socket); }};
};

MailServer::Answers SmtpAnswers() {
  return {{"EHLO", "250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"},
          {"AUTH", "235 welcome\r\n"},
          {"NOOP", "250 noop\r\n"},
          {"RSET", "250 rset\r\n"},
          {"MAIL", "250 sender\r\n"},
          {"DATA", "354 go\r\n"},
          {".\r\n", "250 taken\r\n"},
          {"QUIT", "221 bye\r\n"}};
}

class MailTest : public testing::Test {
 protected:
  // aloha-tls does the handshake with the client that was told to begin.
  TlsSocket Secure(Socket client, std::string_view waiting = {}) {
    UniqueFd socket;
    auto asked = tls_.Receive(socket);
    while (asked && asked->has_ticket()) asked = tls_.Receive(socket);
    EXPECT_TRUE(asked && asked->handshake().has_accept() && socket);
    EXPECT_EQ(asked->handshake().accept().port(), proxy_.port());
    auto peer = std::make_unique<net::TlsPeer>(kTls13, /*client=*/false);
    EXPECT_TRUE(peer->Handshake());
    handoff::v1::Connection connection;
    connection.set_request_id(asked->handshake().request_id());
    *connection.mutable_keys() = peer->Keys();
    (void)peer->Sent();
    if (!waiting.empty()) {
      peer->Write(waiting);
      connection.set_partial_record(peer->Sent());
    }
    tls_.HandOver(connection, socket.get());
    return TlsSocket(std::move(client), std::move(peer));
  }

  TestProxy proxy_;
  TestTls tls_{proxy_};
};

class EngineMailTest : public MailTest {
 protected:
  void Serve(const MailServer& server, worker::v1::MailProtocol protocol, bool required = false) {
    auto& listener = *proxy_.service().mutable_listeners(0);
    listener.set_starttls(protocol);
    listener.set_starttls_required(required);
    proxy_.AddServer("a", server.port());
    proxy_.Apply();
  }
};

template <typename Client>
void ExpectAnswer(Client& client, std::string_view command, std::string_view answer) {
  SCOPED_TRACE(command.substr(0, 30));
  ASSERT_TRUE(client.Send(command));
  EXPECT_EQ(client.Receive(answer.size()), answer);
}

TEST_F(EngineMailTest, SmtpBeginsTlsAndSignsIn) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  Socket client = proxy_.Connect();
  EXPECT_EQ(client.Receive(10), "220 mail\r\n");
  ExpectAnswer(client, "EHLO a\r\n", "250-mail\r\n250 STARTTLS\r\n");
  ExpectAnswer(client, "AUTH PLAIN x\r\n", "538 ");
  (void)ReceiveLine(client);
  ExpectAnswer(client, "STARTTLS\r\n", "220 2.0.0 Ready to start TLS\r\n");
  TlsSocket secure = Secure(std::move(client));
  ExpectAnswer(secure, "EHLO a\r\n", "250-mail\r\n250 AUTH PLAIN\r\n");
  ExpectAnswer(secure, "AUTH PLAIN x\r\n", "235 welcome\r\n");
  ExpectAnswer(secure, "NOOP\r\nRSET\r\n", "250 noop\r\n250 rset\r\n");
  ExpectAnswer(secure, "QUIT\r\n", "221 bye\r\n");
  EXPECT_EQ(secure.ReceiveToEnd(), "");
  EXPECT_TRUE(secure.peer().closed());
  EXPECT_EQ(server.heard(), "EHLO a\r\nEHLO a\r\nAUTH PLAIN x\r\nNOOP\r\nRSET\r\nQUIT\r\n");
}

TEST_F(EngineMailTest, ImapBeginsTlsAndSignsIn) {
  MailServer server("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n",
                    {{"b LOGIN", "b OK in\r\n"}, {"c NOOP", "c OK noop\r\n"}});
  Serve(server, MAIL_PROTOCOL_IMAP);
  Socket client = proxy_.Connect();
  EXPECT_EQ(ReceiveLine(client), "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] hi\r\n");
  ExpectAnswer(client, "a STARTTLS\r\n", "a OK Begin TLS negotiation now\r\n");
  // What came to aloha-tls behind the handshake.
  TlsSocket secure = Secure(std::move(client), "b LOGIN me you\r\n");
  EXPECT_EQ(secure.Receive(9), "b OK in\r\n");
  ExpectAnswer(secure, "c NOOP\r\n", "c OK noop\r\n");
  EXPECT_EQ(server.heard(), "b LOGIN me you\r\nc NOOP\r\n");
}

TEST_F(EngineMailTest, Pop3BeginsTlsAndSignsIn) {
  MailServer server("+OK hi\r\n", {{"CAPA", "+OK\r\nUSER\r\nTOP\r\n.\r\n"}, {"USER", "+OK\r\n"}});
  Serve(server, MAIL_PROTOCOL_POP3, /*required=*/true);
  Socket client = proxy_.Connect();
  EXPECT_EQ(client.Receive(8), "+OK hi\r\n");
  ExpectAnswer(client, "CAPA\r\n", "+OK\r\nTOP\r\nSTLS\r\n.\r\n");
  ExpectAnswer(client, "USER me\r\n", "-ERR Must issue a STLS command first\r\n");
  ExpectAnswer(client, "STLS\r\n", "+OK Begin TLS negotiation\r\n");
  TlsSocket secure = Secure(std::move(client));
  ExpectAnswer(secure, "CAPA\r\n", "+OK\r\nUSER\r\nTOP\r\n.\r\n");
  ExpectAnswer(secure, "USER me\r\n", "+OK\r\n");
  EXPECT_EQ(server.heard(), "CAPA\r\nCAPA\r\nUSER me\r\n");
}

TEST_F(EngineMailTest, WhatStandsBehindStarttlsIsDroppedAndCounted) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  const Socket client = proxy_.Connect();
  EXPECT_EQ(client.Receive(10), "220 mail\r\n");
  ASSERT_TRUE(client.Send("STARTTLS\r\nNOOP\r\n"));
  EXPECT_EQ(client.ReceiveToEnd(), "500 5.5.2 Commands behind the one that begins TLS\r\n");
  EXPECT_EQ(server.heard(), "");
  EXPECT_EQ(proxy_.Stats().injected_total(), 1u);
}

TEST_F(EngineMailTest, CommandsSentAtOnceAreAnsweredInOrder) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send("NOOP\r\nXYZ\r\nRSET\r\nAUTH x\r\nNOOP\r\nQUIT\r\n"));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveToEnd(),
            "220 mail\r\n250 noop\r\n500 5.5.1 Command not recognized\r\n250 rset\r\n"
            "538 5.7.11 Encryption required for requested authentication mechanism\r\n"
            "250 noop\r\n221 bye\r\n");
}

TEST_F(EngineMailTest, AMailInTheClearArrivesWhole) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  std::string mail;
  for (int i = 0; mail.size() < 300'000; ++i) mail += "line " + std::to_string(i) + "\r\n";
  const Socket client = proxy_.Connect();
  EXPECT_EQ(client.Receive(10), "220 mail\r\n");
  ExpectAnswer(client, "MAIL FROM:<a@b>\r\nDATA\r\n", "250 sender\r\n354 go\r\n");
  ExpectAnswer(client, mail + ".\r\nQUIT\r\n", "250 taken\r\n221 bye\r\n");
  EXPECT_EQ(server.heard(), "MAIL FROM:<a@b>\r\nDATA\r\n" + mail + ".\r\nQUIT\r\n");
  EXPECT_EQ(proxy_.Stats().traffic().bytes_from_clients(), server.heard().size());
}

TEST_F(EngineMailTest, AClientThatLeavesEndsTheSession) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  {
    const Socket client = proxy_.Connect();
    EXPECT_EQ(client.Receive(10), "220 mail\r\n");
    ASSERT_TRUE(client.Send("NOO"));
  }
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy_.Sessions().total() == 0; }));
  EXPECT_EQ(server.heard(), "");
}

TEST_F(EngineMailTest, AServerThatLeavesIsHeardToTheEnd) {
  TestServer server([](Socket& socket) { socket.Send("421 too busy\r\n"); });
  proxy_.service().mutable_listeners(0)->set_starttls(MAIL_PROTOCOL_SMTP);
  proxy_.AddServer("a", server.port());
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  EXPECT_EQ(client.ReceiveToEnd(), "421 too busy\r\n");
  ASSERT_TRUE(client.Send("EHLO a\r\n"));  // to nobody
  EXPECT_EQ(proxy_.Sessions().total(), 1u);
  client.HalfClose();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy_.Sessions().total() == 0; }));
}

TEST_F(EngineMailTest, AFailedHandshakeEndsTheSession) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  const Socket client = proxy_.Connect();
  EXPECT_EQ(client.Receive(10), "220 mail\r\n");
  ExpectAnswer(client, "STARTTLS\r\n", "220 2.0.0 Ready to start TLS\r\n");
  UniqueFd socket;
  const auto asked = tls_.Receive(socket);
  ASSERT_TRUE(asked);
  socket.reset();
  handoff::v1::FromTls failed;
  failed.mutable_failed()->set_request_id(asked->handshake().request_id());
  failed.mutable_failed()->set_reason("no shared version");
  tls_.Send(failed, -1);
  EXPECT_TRUE(client.Ended());
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy_.Sessions().total() == 0; }));
}

TEST_F(EngineMailTest, ALostLinkEndsHandshakesUnderWay) {
  MailServer server("220 mail\r\n", SmtpAnswers());
  Serve(server, MAIL_PROTOCOL_SMTP);
  const Socket client = proxy_.Connect();
  EXPECT_EQ(client.Receive(10), "220 mail\r\n");
  ExpectAnswer(client, "STARTTLS\r\n", "220 2.0.0 Ready to start TLS\r\n");
  UniqueFd socket;
  ASSERT_TRUE(tls_.Receive(socket));
  socket.reset();
  tls_.Close();
  EXPECT_TRUE(client.Ended());
}

// Towards the server.
class EngineServerStarttlsTest : public MailTest {
 protected:
  void AddServer(const std::string& name, uint16_t port) {
    auto& server = proxy_.AddServer(name, port);
    server.set_tls("corp");
    server.set_starttls(MAIL_PROTOCOL_SMTP);
  }
};

TEST_F(EngineServerStarttlsTest, TlsStandsBeforeTheClientHearsAWord) {
  std::promise<std::string> wire;
  TestServer server([&](Socket& socket) {
    socket.Send("220-mail\r\n220 ready\r\n");
    EXPECT_EQ(ReceiveLine(socket), "EHLO [127.0.0.1]\r\n");
    socket.Send("250-mail\r\n250 STARTTLS\r\n");
    EXPECT_EQ(ReceiveLine(socket), "STARTTLS\r\n");
    socket.Send("220 go\r\n");
    wire.set_value(socket.Receive(5 + 8 + 1 + 16));
  });
  AddServer("a", server.port());
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  ASSERT_TRUE(client.Send("EHLO a\r\n"));  // without waiting
  const auto peer = tls_.Secure();
  EXPECT_EQ(client.Receive(21), "220-mail\r\n220 ready\r\n");
  EXPECT_EQ(peer->Read(wire.get_future().get()), "EHLO a\r\n");
}

TEST_F(EngineServerStarttlsTest, BothSides) {
  std::promise<std::string> wire, answer;
  TestServer server([&](Socket& socket) {
    socket.Send("220 mail\r\n");
    (void)ReceiveLine(socket);
    socket.Send("250-mail\r\n250 STARTTLS\r\n");
    (void)ReceiveLine(socket);
    socket.Send("220 go\r\n");
    wire.set_value(socket.Receive(5 + 8 + 1 + 16));
    socket.Send(answer.get_future().get());
    (void)socket.ReceiveToEnd();
  });
  proxy_.service().mutable_listeners(0)->set_starttls(MAIL_PROTOCOL_SMTP);
  AddServer("a", server.port());
  proxy_.Apply();
  Socket client = proxy_.Connect();
  const auto peer = tls_.Secure();
  EXPECT_EQ(client.Receive(10), "220 mail\r\n");
  ASSERT_TRUE(client.Send("EHLO a\r\n"));
  EXPECT_EQ(peer->Read(wire.get_future().get()), "EHLO a\r\n");
  ASSERT_TRUE(client.Send("STARTTLS\r\n"));
  peer->Write("250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
  answer.set_value(peer->Sent());
  EXPECT_EQ(client.Receive(54), "250-mail\r\n250 STARTTLS\r\n220 2.0.0 Ready to start TLS\r\n");
  TlsSocket secure = Secure(std::move(client));
  ExpectAnswer(secure, "MAIL FROM:<a@b>\r\n", "503 5.5.1 Send EHLO first\r\n");
}

TEST_F(EngineServerStarttlsTest, ServersWithoutItAreLeft) {
  MailServer without("220 mail\r\n", {{"EHLO", "250-mail\r\n250 SIZE\r\n"}});
  MailServer early("220 mail\r\n", {{"EHLO", "250-mail\r\n250 STARTTLS\r\n"},
                                    {"STARTTLS", "220 go\r\n250 injected\r\n"}});
  TestServer silent([](Socket&) {});
  TestServer good(TestServer::Echo("good"));
  AddServer("without", without.port());
  AddServer("early", early.port());
  AddServer("silent", silent.port());
  proxy_.AddServer("good", good.port());
  proxy_.service().set_retries(3);
  proxy_.Apply();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy_.Connect().Receive(5), "good\n");
  EXPECT_EQ(without.heard().find("AUTH"), std::string::npos);
  EXPECT_EQ(proxy_.Stats().failed_total(), 0u);
}

TEST_F(EngineServerStarttlsTest, ARefusalIsPassedOn) {
  TestServer server([](Socket& socket) { socket.Send("554 not you\r\n"); });
  AddServer("a", server.port());
  proxy_.Apply();
  EXPECT_EQ(proxy_.Connect().ReceiveToEnd(), "554 not you\r\n");
}

TEST_F(EngineServerStarttlsTest, AServerThatSaysNothingIsATimeout) {
  TestServer server([](Socket& socket) { (void)socket.ReceiveToEnd(); });
  AddServer("a", server.port());
  proxy_.service().set_connect_timeout_ms(50);
  proxy_.service().set_retries(0);
  proxy_.Apply();
  EXPECT_TRUE(proxy_.Connect().Ended());
  EXPECT_EQ(proxy_.Stats().failed_total(), 1u);
}

}  // namespace
}  // namespace aloha::proxy
