#include "workers/health/http_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "workers/health/http_body.h"

namespace aloha::health {
namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The status of "HTTP/1.1 200 OK" (RFC 9112 section 4).
std::optional<int> ParseStatusLine(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
  int status = 0;
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, status);
  if (error != std::errc() || end != line.data() + 12 || status < 100) return std::nullopt;
  if (line.size() > 12 && line[12] != ' ' && line[12] != '\r') return std::nullopt;
  return status;
}

// Reads the two header fields that say where the body ends. A length that is not a number means:
// until the close.
BodyFraming ParseFraming(std::string_view head) {
  BodyFraming framing;
  while (!head.empty()) {
    const size_t end = std::min(head.find('\n'), head.size() - 1);
    const std::string_view line = head.substr(0, end + 1);
    head.remove_prefix(end + 1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Trim(line.substr(colon + 1, line.size() - colon - 2));
    if (EqualsIgnoringCase(name, "Transfer-Encoding")) {
      const size_t last = value.rfind(',');
      framing.chunked = EqualsIgnoringCase(
          Trim(last == std::string_view::npos ? value : value.substr(last + 1)), "chunked");
    } else if (EqualsIgnoringCase(name, "Content-Length")) {
      uint64_t length = 0;
      const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (error == std::errc() && stop == value.data() + value.size()) framing.length = length;
    }
  }
  return framing;
}

class HttpDialogue final : public Dialogue {
 public:
  HttpDialogue(const worker::v1::HttpCheck& check, const std::string& authority)
      : request_(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: aloha-health\r\n"
                             "Accept: */*\r\nConnection: close\r\n\r\n",
                             check.method(), check.path(), authority)),
        bodiless_(check.method() == "HEAD"),
        expected_(check.expect_status().begin(), check.expect_status().end()),
        finder_(check.expect_body()) {}

  Verdict Restart() override {
    head_.clear();
    in_body_ = false;
    finder_.Clear();
    Say(request_);
    return Verdict::kMore;
  }

  Verdict Feed(std::string_view bytes) override {
    Verdict verdict = Verdict::kMore;
    while (verdict == Verdict::kMore && !bytes.empty()) {
      verdict = in_body_ ? FeedBody(&bytes) : FeedHead(&bytes);
    }
    return verdict;
  }

  Verdict Closed() override {
    if (in_body_ && decoder_.EndsWithClose()) return TextMissing();
    if (in_body_) return Fail("connection closed in the body, before " + Quote(finder_.text()));
    if (head_.empty()) return Fail("connection closed before the answer");
    return Fail("connection closed in the head of the answer " + Quote(head_));
  }

  std::string_view awaited() const override { return in_body_ ? "end of the body" : "answer"; }

 private:
  Verdict FeedHead(std::string_view* bytes) {
    const size_t old_size = head_.size();
    head_.append(bytes->substr(0, kMaxHead - old_size));
    constexpr std::string_view kMark = "HTTP/";
    if (head_.compare(0, kMark.size(), kMark, 0, head_.size()) != 0) {
      return Fail("answer was " + Quote(head_) + ", not HTTP");
    }
    const size_t end = HeadEnd(old_size);
    if (end == std::string::npos) {
      if (head_.size() == kMaxHead) return Fail("head of the answer is longer than 16 KiB");
      bytes->remove_prefix(bytes->size());
      return Verdict::kMore;
    }
    bytes->remove_prefix(end - old_size);
    head_.resize(end);
    return TakeHead();
  }

  // Behind the empty line; npos: it has not come. Nothing before `searched` can hold it whole.
  size_t HeadEnd(size_t searched) const {
    size_t at = head_.find('\n', searched - std::min<size_t>(searched, 2));
    for (; at != std::string::npos; at = head_.find('\n', at + 1)) {
      const std::string_view next = std::string_view(head_).substr(at + 1, 2);
      if (next.starts_with('\n')) return at + 2;
      if (next == "\r\n") return at + 3;
    }
    return std::string::npos;
  }

  Verdict TakeHead() {
    const std::string_view line = std::string_view(head_).substr(0, head_.find('\n'));
    const std::optional<int> status = ParseStatusLine(line);
    if (!status) return Fail("status line was " + Quote(Trim(line)));
    if (*status < 200 && *status != 101) {
      head_.clear();
      return Verdict::kMore;
    }
    if (!Expects(*status)) {
      return Fail(fmt::format("status {}, expected {}", *status, ExpectedText()));
    }
    if (finder_.text().empty()) return Succeed(fmt::format("status {}", *status));
    status_ = *status;
    in_body_ = true;
    if (bodiless_ || *status == 204 || *status == 304) return TextMissing();
    decoder_.Begin(ParseFraming(head_));
    std::string_view none, plain;
    return decoder_.Take(&none, &plain) == BodyDecoder::State::kEnd ? TextMissing()
                                                                    : Verdict::kMore;
  }

  Verdict FeedBody(std::string_view* bytes) {
    std::string_view plain;
    const BodyDecoder::State state = decoder_.Take(bytes, &plain);
    if (finder_.Take(plain, kMaxBody)) {
      return Succeed(fmt::format("status {}, text found", status_));
    }
    if (state == BodyDecoder::State::kMalformed) return Fail("chunked body is malformed");
    if (state == BodyDecoder::State::kEnd || finder_.taken() >= kMaxBody) return TextMissing();
    return Verdict::kMore;
  }

  Verdict TextMissing() { return Fail("body does not contain " + Quote(finder_.text())); }

  bool Expects(int status) const {
    if (expected_.empty()) return status >= 200 && status < 400;
    return std::find(expected_.begin(), expected_.end(), static_cast<uint32_t>(status)) !=
           expected_.end();
  }

  std::string ExpectedText() const {
    return expected_.empty() ? "200 to 399" : fmt::format("{}", fmt::join(expected_, " or "));
  }

  const std::string request_;
  const bool bodiless_;
  const std::vector<uint32_t> expected_;
  TextFinder finder_;
  BodyDecoder decoder_;
  std::string head_;
  bool in_body_ = false;
  int status_ = 0;
};

}  // namespace

std::string HttpAuthority(const worker::v1::Check& check) {
  if (!check.http().host().empty()) return check.http().host();
  const bool ipv6 = check.address().find(':') != std::string::npos;
  std::string authority = ipv6 ? '[' + check.address() + ']' : check.address();
  if (check.port() != (check.has_tls() ? 443u : 80u)) {
    authority += ':' + std::to_string(check.port());
  }
  return authority;
}

std::unique_ptr<Dialogue> MakeHttpDialogue(const worker::v1::HttpCheck& check,
                                           const std::string& authority) {
  return std::make_unique<HttpDialogue>(check, authority);
}

}  // namespace aloha::health
