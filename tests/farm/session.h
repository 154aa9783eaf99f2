// One client connection of a simulated server, plain or TLS, that obeys the fault of its service.
#ifndef ALOHA_TESTS_FARM_SESSION_H_
#define ALOHA_TESTS_FARM_SESSION_H_

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/farm/service.h"

namespace aloha::farm {

// Every awaitable here ends by asio::system_error when the client is gone, the line is too long or
// a fault says so.
class Session {
 public:
  // `service` outlives the session, which enters and leaves its `live` set.
  Session(asio::ip::tcp::socket socket, Service& service);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The whole life of the connection. Never throws.
  asio::awaitable<void> Run();

  Service& service() { return service_; }
  // Unique in the process.
  uint64_t id() const { return id_; }
  const std::string& server() const { return service_.server.name; }
  bool encrypted() const { return tls_.has_value(); }
  // STARTTLS or STLS may be asked for now.
  bool offers_starttls() const { return service_.starttls && !encrypted(); }
  // {"version":"TLSv1.3","cipher":…,"server_name":…,"alpn":…,"resumed":false,"client":…}, where
  // "client" is the common name of the client's certificate; "{}" without TLS.
  std::string DescribeTls() const;

  // The next line without its CRLF or LF, at most 64 KiB; counted as a request of the service.
  asio::awaitable<std::string> ReadCommand();
  // The same, not counted.
  asio::awaitable<std::string> ReadLine();
  // Exactly `size` bytes.
  asio::awaitable<std::string> Read(size_t size);
  // Whatever has come, at least one byte and at most `at_most`.
  asio::awaitable<std::string> ReadSome(size_t at_most);
  // Everything up to and including `end`, at most `at_most` bytes.
  asio::awaitable<std::string> ReadThrough(std::string_view end, size_t at_most);
  // The next byte, left in place.
  asio::awaitable<char> Peek();
  // Reads and forgets `size` bytes.
  asio::awaitable<void> Discard(uint64_t size);
  // Reads and forgets up to a line with a single dot (RFC 5321 section 4.1.1.4); gives the number
  // of bytes before it.
  asio::awaitable<uint64_t> DiscardToDot();

  // Sends an answer, as the fault of the service allows.
  asio::awaitable<void> Reply(std::string text);
  // Sends bytes whatever the fault is: the rest of an answer that Reply began. They must stay until
  // it returns.
  asio::awaitable<void> Write(std::string_view bytes);

  // Waits out a stall or a delay of `service`, and ends the session when it is told to fail or
  // reset.
  asio::awaitable<void> Obey(Service& service);

  // Lets time pass.
  asio::awaitable<void> Wait(std::chrono::milliseconds time);

  // TLS from here on; what was read before it is forgotten (RFC 3207 section 6).
  asio::awaitable<void> StartTls();

  // Closes at once, by RST when `reset`.
  void Close(bool reset);

 private:
  asio::awaitable<void> ReadMore(size_t at_most);
  asio::awaitable<void> ShutDown();

  const uint64_t id_;
  Service& service_;
  asio::ip::tcp::socket socket_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  std::string buffer_;
};

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_SESSION_H_
