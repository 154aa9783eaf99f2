// The directories of Exchange over HTTP/1.1: each answers as the real one does to a stranger,
// healthcheck.htm with 200. Not a general HTTP server: a request body is skipped after its
// Content-Length, chunked bodies are refused.
#include <fmt/format.h>

#include "tests/farm/protocols.h"
#include "tests/farm/session.h"
#include "tests/farm/text.h"

namespace aloha::farm {
namespace {

struct Request {
  std::string method;
  std::string path;  // upper case, without the query
  uint64_t body = 0;
  bool chunked = false;
  bool keep_alive = true;
};

void TakeHeader(const std::string& line, Request& request) {
  std::string rest = Upper(line);
  const std::string name = TakeWord(rest);
  if (name == "CONTENT-LENGTH:") request.body = ParseNumber<uint64_t>(rest).value_or(0);
  if (name == "TRANSFER-ENCODING:") request.chunked = true;
  if (name == "CONNECTION:" && rest == "CLOSE") request.keep_alive = false;
}

asio::awaitable<Request> ReadRequest(Session& session) {
  Request request;
  std::string line = co_await session.ReadCommand();
  request.method = TakeWord(line);
  request.path = Upper(TakeWord(line));
  request.path = request.path.substr(0, request.path.find('?'));
  request.keep_alive = line != "HTTP/1.0";
  while (true) {
    const std::string header = co_await session.ReadLine();
    if (header.empty()) break;
    TakeHeader(header, request);
  }
  co_return request;
}

const Directory* FindDirectory(const std::string& path) {
  for (const Directory& directory : kDirectories) {
    const std::string prefix = Upper(directory.path);
    if (path == prefix || path.starts_with(prefix + "/")) return &directory;
  }
  return nullptr;
}

std::string Answer(int status, const Request& request, const std::string& server,
                   std::string_view directory) {
  const std::string_view reason = status == 200   ? "OK"
                                  : status == 401 ? "Unauthorized"
                                  : status == 411 ? "Length Required"
                                  : status == 503 ? "Service Unavailable"
                                                  : "Not Found";
  const std::string body = fmt::format("{} {}\r\n{} {}\r\n", status, reason, server, directory);
  return fmt::format(
      "HTTP/1.1 {} {}\r\nServer: Microsoft-IIS/10.0\r\nX-FEServer: {}\r\n{}"
      "Content-Type: text/plain\r\nContent-Length: {}\r\n{}\r\n{}",
      status, reason, server,
      status == 401 ? "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n" : "", body.size(),
      request.keep_alive ? "" : "Connection: close\r\n", request.method == "HEAD" ? "" : body);
}

asio::awaitable<void> Serve(Session& session) {
  Request request;
  while (request.keep_alive) {
    request = co_await ReadRequest(session);
    const Directory* directory = FindDirectory(request.path);
    std::string_view name = "none";
    int status = 404;
    if (directory != nullptr) {
      name = directory->name;
      Service* state = session.service().server.Find(name);
      ++state->requests;
      co_await session.Obey(*state);
      status = request.path.ends_with("/HEALTHCHECK.HTM") ? 200 : directory->status;
    }
    if (request.chunked) {
      status = 411;
      request.keep_alive = false;
    }
    const std::string answer = Answer(status, request, session.server(), name);
    co_await session.Reply(answer);
    co_await session.Discard(request.body);
  }
}

std::string Refusal(const std::string& server) {
  Request request;
  request.keep_alive = false;
  return Answer(503, request, server, "");
}

}  // namespace

const Protocol kHttp = {Serve, Refusal};

}  // namespace aloha::farm
