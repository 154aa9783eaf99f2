#include "tests/farm/http_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "tests/farm/text.h"

namespace aloha::farm {
namespace {

constexpr size_t kMaxHead = 256 * 1024;
constexpr size_t kPiece = 64 * 1024;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void TakeFields(HttpRequest& request, std::string_view lines) {
  while (!lines.starts_with("\r\n")) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    const size_t colon = std::min(line.find(':'), line.size());
    const size_t value = std::min(colon + 1, line.size());
    request.fields.emplace_back(Lower(line.substr(0, colon)),
                                std::string(Trim(line.substr(value))));
  }
}

void Understand(HttpRequest& request, bool http10) {
  const std::string connection = Lower(request.Field("connection"));
  request.keep_alive = http10 ? connection.find("keep-alive") != std::string::npos
                              : connection.find("close") == std::string::npos;
  request.chunked = Lower(request.Field("transfer-encoding")) == "chunked";
  request.length = ParseNumber<uint64_t>(request.Field("content-length")).value_or(0);
  request.expects_continue = Lower(request.Field("expect")) == "100-continue";
}

// How the body of an answer is sent.
struct Framing {
  bool chunked;
  bool trailers;
  bool until_close;
};

std::string Head(const Session& session, const HttpRequest& request, const HttpAnswer& answer,
                 const Framing& framing, uint64_t size) {
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nServer: Microsoft-IIS/10.0\r\nX-FEServer: {}\r\nX-Connection: {}\r\n"
      "{}Content-Type: text/plain\r\n",
      answer.status, HttpReason(answer.status), session.server(), session.id(), answer.fields);
  if (answer.status == 204 || answer.status == 304) {
    // RFC 9110 section 8.6: no length in a 204, none needed in a 304.
  } else if (framing.chunked) {
    head += "Transfer-Encoding: chunked\r\n";
    if (framing.trailers) head += "Trailer: X-Checksum\r\n";
  } else if (!framing.until_close) {
    head += fmt::format("Content-Length: {}\r\n", size);
  }
  if (!request.keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

asio::awaitable<void> Pause(Session& session, uint64_t milliseconds) {
  if (milliseconds > 0) co_await session.Wait(std::chrono::milliseconds(milliseconds));
}

}  // namespace

std::string_view HttpRequest::Field(std::string_view name) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view HttpRequest::Option(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view option = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(option.size() + 1, rest.size()));
    if (option.size() > name.size() && option.starts_with(name) && option[name.size()] == '=') {
      return option.substr(name.size() + 1);
    }
  }
  return {};
}

uint64_t HttpRequest::Number(std::string_view name) const {
  return ParseNumber<uint64_t>(Option(name)).value_or(0);
}

asio::awaitable<HttpRequest> ReadHttpRequest(Session& session) {
  HttpRequest request;
  request.head = co_await session.ReadThrough("\r\n\r\n", kMaxHead);
  const size_t end = request.head.find("\r\n");
  std::string line = request.head.substr(0, end);
  request.method = TakeWord(line);
  const std::string target = TakeWord(line);
  const size_t question = std::min(target.find('?'), target.size());
  request.path = Lower(std::string_view(target).substr(0, question));
  if (question < target.size()) request.query = target.substr(question + 1);
  TakeFields(request, std::string_view(request.head).substr(end + 2));
  Understand(request, line == "HTTP/1.0");
  co_return request;
}

asio::awaitable<std::string> HttpBody::Next() {
  if (ended_) co_return "";
  if (!begun_) {
    begun_ = true;
    if (request_.expects_continue) co_await session_.Write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (request_.chunked && left_ == 0) co_await BeginChunk();
  if (left_ == 0) {
    ended_ = true;
    co_return "";
  }
  std::string piece = co_await session_.ReadSome(std::min<uint64_t>(left_, kPiece));
  left_ -= piece.size();
  if (request_.chunked && left_ == 0) co_await session_.ReadLine();
  co_return piece;
}

asio::awaitable<void> HttpBody::BeginChunk() {
  const std::string line = co_await session_.ReadLine();
  left_ = std::strtoull(line.c_str(), nullptr, 16);
  if (left_ > 0) co_return;
  while (true) {
    const std::string trailer = co_await session_.ReadLine();
    if (trailer.empty()) break;
    ++num_trailers_;
  }
}

asio::awaitable<void> HttpBody::Skip() {
  while (true) {
    const std::string piece = co_await Next();
    if (piece.empty()) break;
  }
}

const std::string& HttpPattern() {
  static const std::string pattern = [] {
    constexpr uint32_t kPrime = 65521;
    std::string bytes;
    uint32_t state = 1;
    for (uint32_t i = 0; i < kPrime; ++i) {
      state = state * 1664525 + 1013904223;
      bytes += static_cast<char>(state >> 24);
    }
    return bytes;
  }();
  return pattern;
}

asio::awaitable<void> SendHttp(Session& session, HttpRequest& request, const HttpAnswer& answer) {
  Framing framing{};
  framing.trailers = request.Number("trailers") == 1;
  framing.chunked = framing.trailers || request.Number("chunked") == 1;
  framing.until_close = request.Number("until_close") == 1;
  if (framing.until_close || request.Number("close") == 1) request.keep_alive = false;
  const bool generated = answer.generated.has_value();
  const uint64_t size = generated ? *answer.generated : answer.body.size();
  const bool bodiless = request.method == "HEAD" || answer.status == 204 || answer.status == 304;
  const std::string head = Head(session, request, answer, framing, size);
  if (!generated && !bodiless && !framing.chunked && request.Number("gap") == 0) {
    co_await session.Reply(head + answer.body);  // one segment, as servers do
    co_return;
  }
  co_await session.Reply(head);
  if (bodiless) co_return;
  const std::string_view content = generated ? HttpPattern() : answer.body;
  const uint64_t most = request.Number("piece") > 0 ? request.Number("piece") : kPiece;
  for (uint64_t sent = 0; sent < size;) {
    const uint64_t offset = sent % content.size();
    const std::string_view piece =
        content.substr(offset, std::min({most, size - sent, content.size() - offset}));
    if (sent > 0) co_await Pause(session, request.Number("gap"));
    if (framing.chunked) {
      const std::string chunk = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
      co_await session.Write(chunk);
    } else {
      co_await session.Write(piece);
    }
    sent += piece.size();
  }
  if (framing.chunked) {
    co_await session.Write(framing.trailers ? "0\r\nX-Checksum: none\r\n\r\n" : "0\r\n\r\n");
  }
}

std::string_view HttpReason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 503:
      return "Service Unavailable";
    default:
      return "As Asked";
  }
}

}  // namespace aloha::farm
