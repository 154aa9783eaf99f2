// HTTP/1.1 as a server sees it (RFC 9112): requests read, bodies decoded on the way, answers
// written in every framing there is.
#ifndef ALOHA_TESTS_FARM_HTTP_MESSAGE_H_
#define ALOHA_TESTS_FARM_HTTP_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/farm/session.h"

namespace aloha::farm {

struct HttpRequest {
  std::string head;  // exactly as received, with the empty line
  std::string method;
  std::string path;   // lower case, without the query
  std::string query;  // "delay=5&size=3"
  // Names in lower case, values without blanks around them.
  std::vector<std::pair<std::string, std::string>> fields;
  uint64_t length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  // The first field of that (lower case) name; empty when there is none.
  std::string_view Field(std::string_view name) const;
  // The value of an option of the query; empty when absent.
  std::string_view Option(std::string_view name) const;
  // The same as a number, 0 when absent.
  uint64_t Number(std::string_view name) const;
};

asio::awaitable<HttpRequest> ReadHttpRequest(Session& session);

// The body of one request, read piece by piece.
class HttpBody {
 public:
  // Both outlive the body.
  HttpBody(Session& session, const HttpRequest& request)
      : session_(session), request_(request), left_(request.length) {}

  // The next bytes; empty at the end. Sends "100 Continue" first when the client waits for it.
  asio::awaitable<std::string> Next();
  // Reads and forgets what is left.
  asio::awaitable<void> Skip();

  // Fields after the last chunk.
  int num_trailers() const { return num_trailers_; }

 private:
  asio::awaitable<void> BeginChunk();

  Session& session_;
  const HttpRequest& request_;
  uint64_t left_;
  bool begun_ = false;
  bool ended_ = false;
  int num_trailers_ = 0;
};

struct HttpAnswer {
  int status = 200;
  std::string fields;  // complete lines
  std::string body;
  // Generated instead of `body`: that many bytes of HttpPattern.
  std::optional<uint64_t> generated;
};

// Byte `i` of every generated body is HttpPattern()[i % HttpPattern().size()]; the size is a prime,
// so that a lost or repeated block shows.
const std::string& HttpPattern();

// Sends an answer in the framing that the options of the request's query ask for:
//   chunked=1, trailers=1 (implies chunked), until_close=1, close=1, piece=BYTES with gap=MS
//   between
// pieces. May clear request.keep_alive.
asio::awaitable<void> SendHttp(Session& session, HttpRequest& request, const HttpAnswer& answer);

// "OK"
std::string_view HttpReason(int status);

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_HTTP_MESSAGE_H_
