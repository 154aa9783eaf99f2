#include "tests/farm/http_answers.h"

#include <fmt/format.h>
#include <openssl/base64.h>
#include <openssl/sha.h>

#include <array>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include "tests/farm/text.h"

namespace aloha::farm {
namespace {

asio::awaitable<void> Text(HttpExchange& exchange, int status, std::string fields,
                           std::string text) {
  co_await exchange.body.Skip();
  const HttpAnswer answer{status, std::move(fields), std::move(text), std::nullopt};
  co_await SendHttp(exchange.session, exchange.request, answer);
}

// The request's head as the server sees it.
asio::awaitable<void> Echo(HttpExchange& exchange) {
  co_await Text(exchange, 200, "", exchange.request.head);
}

// /bytes/N: N bytes of the pattern.
asio::awaitable<void> Bytes(HttpExchange& exchange) {
  co_await exchange.body.Skip();
  HttpAnswer answer;
  answer.generated = ParseNumber<uint64_t>(exchange.argument).value_or(0);
  co_await SendHttp(exchange.session, exchange.request, answer);
}

// Counts and hashes the body.
asio::awaitable<void> Upload(HttpExchange& exchange) {
  SHA256_CTX hash;
  SHA256_Init(&hash);
  uint64_t size = 0;
  while (true) {
    const std::string piece = co_await exchange.body.Next();
    if (piece.empty()) break;
    size += piece.size();
    SHA256_Update(&hash, piece.data(), piece.size());
  }
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256_Final(digest.data(), &hash);
  std::string hex;
  for (const uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
  co_await Text(exchange, 200, "",
                fmt::format(R"({{"bytes":{},"sha256":"{}","trailers":{}}})", size, hex,
                            exchange.body.num_trailers()));
}

// What TLS the request came by, as JSON.
asio::awaitable<void> Tls(HttpExchange& exchange) {
  co_await Text(exchange, 200, "", exchange.session.DescribeTls());
}

// The body of the request is sent back as the whole response, right or wrong, and the connection
// closed.
asio::awaitable<void> Raw(HttpExchange& exchange) {
  std::string response;
  while (true) {
    const std::string piece = co_await exchange.body.Next();
    if (piece.empty()) break;
    response += piece;
  }
  co_await exchange.session.Reply(response);
  exchange.request.keep_alive = false;
}

// The Sec-WebSocket-Accept line for a client's key (RFC 6455 section 4.2.2); empty without one.
std::string WebSocketAccept(std::string_view key) {
  if (key.empty()) return "";
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<uint8_t, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  std::array<uint8_t, 4 * (SHA_DIGEST_LENGTH / 3 + 1) + 1> base64;
  const size_t size = EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
  return "Sec-WebSocket-Accept: " +
         std::string(base64.begin(), base64.begin() + static_cast<ptrdiff_t>(size)) + "\r\n";
}

// 101, then every byte comes back (RFC 9110 section 7.8).
asio::awaitable<void> Upgrade(HttpExchange& exchange) {
  const std::string_view protocol = exchange.request.Field("upgrade");
  if (protocol.empty()) {
    co_await Text(exchange, 426, "", "no Upgrade field came\r\n");
    co_return;
  }
  co_await exchange.session.Reply(
      fmt::format("HTTP/1.1 101 Switching Protocols\r\nX-FEServer: {}\r\nUpgrade: {}\r\n"
                  "Connection: Upgrade\r\n{}\r\n",
                  exchange.session.server(), protocol,
                  WebSocketAccept(exchange.request.Field("sec-websocket-key"))));
  while (true) {
    const std::string bytes = co_await exchange.session.ReadSome(64 * 1024);
    co_await exchange.session.Write(bytes);
  }
}

// Whose connection it is, whatever the scheme; 200 for nobody too.
asio::awaitable<void> WhoAmI(HttpExchange& exchange) {
  const std::string name = exchange.user.empty() ? "-" : exchange.user;
  co_await Text(exchange, 200, "X-User: " + name + "\r\n", "user=" + name + "\r\n");
}

// The same, but 401 for nobody.
asio::awaitable<void> Authenticated(HttpExchange& exchange) {
  if (exchange.user.empty()) {
    co_await Text(exchange, 401, exchange.identity.Challenge(), "user=-\r\n");
  } else {
    co_await WhoAmI(exchange);
  }
}

// What came on an RPC_IN_DATA channel and has to go out on the RPC_OUT_DATA channel of that name.
struct Channel {
  explicit Channel(const asio::any_io_executor& executor) : arrived(executor) {}
  std::string pending;
  asio::steady_timer arrived;
};

constexpr uint64_t kChannelSize = 1ULL << 30;  // announced, never filled (MS-RPCH section 3.2)

std::shared_ptr<Channel> FindChannel(HttpExchange& exchange,
                                     const asio::any_io_executor& executor) {
  static std::map<std::string, std::weak_ptr<Channel>> channels;
  const std::string name =
      exchange.session.server() + " " + std::string(exchange.request.Option("channel"));
  std::shared_ptr<Channel> channel = channels[name].lock();
  if (channel == nullptr) channels[name] = channel = std::make_shared<Channel>(executor);
  return channel;
}

asio::awaitable<void> RpcIn(HttpExchange& exchange) {
  const auto executor = co_await asio::this_coro::executor;
  const std::shared_ptr<Channel> channel = FindChannel(exchange, executor);
  while (true) {
    const std::string piece = co_await exchange.body.Next();
    if (piece.empty()) break;
    channel->pending += piece;
    channel->arrived.cancel();
  }
  co_await Text(exchange, 200, "", "the channel was filled\r\n");
}

// Waits until something arrived, or `tick` milliseconds (0: no limit) went by.
asio::awaitable<void> WaitForBytes(Channel& channel, uint64_t tick) {
  constexpr auto kForever = std::chrono::hours(24);
  if (!channel.pending.empty()) co_return;
  if (tick > 0) {
    channel.arrived.expires_after(std::chrono::milliseconds(tick));
  } else {
    channel.arrived.expires_after(kForever);
  }
  asio::error_code cancelled;
  co_await channel.arrived.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (!cancelled) channel.pending += '.';
}

asio::awaitable<void> SendChannel(Session& session, Channel& channel, uint64_t tick) {
  for (uint64_t sent = 0; sent < kChannelSize;) {
    co_await WaitForBytes(channel, tick);
    const std::string bytes = std::exchange(channel.pending, "");
    co_await session.Write(bytes);
    sent += bytes.size();
  }
}

// Ends with an error when the client leaves.
asio::awaitable<void> WatchClient(Session& session) {
  while (true) co_await session.ReadSome(4096);
}

// tick=MS: a dot whenever nothing came for that long.
asio::awaitable<void> RpcOut(HttpExchange& exchange) {
  using asio::experimental::awaitable_operators::operator||;
  const auto executor = co_await asio::this_coro::executor;
  const std::shared_ptr<Channel> channel = FindChannel(exchange, executor);
  co_await exchange.session.Reply(
      fmt::format("HTTP/1.1 200 Success\r\nX-FEServer: {}\r\nContent-Type: application/rpc\r\n"
                  "Content-Length: {}\r\n\r\n",
                  exchange.session.server(), kChannelSize));
  co_await (SendChannel(exchange.session, *channel, exchange.request.Number("tick")) ||
            WatchClient(exchange.session));
}

struct NamedAction {
  std::string_view method;  // empty: any
  std::string_view name;
  HttpAction action;
};
constexpr std::array kActions = {
    NamedAction{"", "echo", Echo},
    NamedAction{"", "bytes", Bytes},
    NamedAction{"", "upload", Upload},
    NamedAction{"", "tls", Tls},
    NamedAction{"POST", "raw", Raw},
    NamedAction{"", "upgrade", Upgrade},
    NamedAction{"", "whoami", WhoAmI},
    NamedAction{"", "ntlm", Authenticated},
    NamedAction{"", "kerberos", Authenticated},
    NamedAction{"RPC_IN_DATA", "rpcproxy.dll", RpcIn},
    NamedAction{"RPC_OUT_DATA", "rpcproxy.dll", RpcOut},
};

}  // namespace

HttpAction FindHttpAction(std::string_view method, std::string_view name) {
  for (const NamedAction& candidate : kActions) {
    if (candidate.name == name && (candidate.method.empty() || candidate.method == method)) {
      return candidate.action;
    }
  }
  return nullptr;
}

}  // namespace aloha::farm
