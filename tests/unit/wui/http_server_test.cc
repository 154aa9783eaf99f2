#include "wui/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/post.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "tests/unit/wui/listener.h"

namespace aloha::wui {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kClose[] = "Host: a\r\nConnection: close\r\n\r\n";

class HttpServerTest : public testing::Test {
 protected:
  void Start(net::Networks allow_from = {}) {
    auto [listener, port] = Listen();
    port_ = port;
    server_.emplace(loop_, std::move(listener), std::move(allow_from),
                    [](const std::string& path, const HttpServer::Reply& reply) {
                      reply({path == "/" ? 200 : 503, "text/plain", "at " + path + "\n"});
                    });
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    asio::post(loop_, [this] {
      server_.reset();
      loop_.stop();
    });
    thread_.join();
  }
  std::string Ask(const std::string& request) { return Exchange(Connect(port_), request); }

  asio::io_context loop_{1};
  std::optional<HttpServer> server_;
  std::thread thread_;
  uint16_t port_ = 0;
};

TEST_F(HttpServerTest, AnswersGet) {
  Start();
  const std::string answer = Ask(std::string("GET /?x=1 HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nat /\n")) << answer;
  EXPECT_THAT(Ask(std::string("GET /x HTTP/1.0\r\n") + kClose), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, HeadGetsTheSameHead) {
  Start();
  const std::string answer = Ask(std::string("HEAD / HTTP/1.1\r\n") + kClose);
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, OtherMethodsFindNothing) {
  Start();
  EXPECT_THAT(Ask(std::string("DELETE / HTTP/1.1\r\n") + kClose), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, KeepsTheConnectionForTheNextRequest) {
  Start();
  const std::string answer =
      Ask(std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n") + kClose);
  EXPECT_NE(answer.find("HTTP/1.1 200", 20), std::string::npos) << answer;
}

TEST_F(HttpServerTest, ClosesOnWhatIsTooMuchOrNoHttp) {
  Start();
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "A: b\r\n";
  for (const std::string& request : {
           "GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\n" + fields + "\r\n",
           "GET / HTTP/1.1\r\nA: " + std::string(9'000, 'b') + "\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + std::string(9'000, 'c'),
           std::string(300, '\0'),
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9),
       }) {
    EXPECT_EQ(Ask(request), "") << request.substr(0, 30);
  }
}

TEST_F(HttpServerTest, OthersAreClosed) {
  net::Networks networks;
  ASSERT_TRUE(networks.Add("192.0.2.0/24"));
  Start(std::move(networks));
  EXPECT_EQ(Ask(std::string("GET / HTTP/1.1\r\n") + kClose), "");
}

TEST_F(HttpServerTest, BeyondTheMostTheyWait) {
  Start();
  std::vector<UniqueFd> idle;
  for (int i = 0; i < HttpServer::kMaxConnections; ++i) idle.push_back(Connect(port_));
  const UniqueFd waiting = Connect(port_);
  idle.clear();
  EXPECT_THAT(Exchange(waiting, std::string("GET / HTTP/1.1\r\n") + kClose),
              StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace aloha::wui
