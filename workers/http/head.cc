#include "workers/http/head.h"

#include <cstring>

#include "workers/http/chars.h"
#include "workers/http/framing.h"

namespace aloha::http {
namespace {

// "HTTP/1.0" or "HTTP/1.1"; -1: another version, -2: none at all.
int MinorVersion(std::string_view version) {
  if (version == "HTTP/1.1") return 1;
  if (version == "HTTP/1.0") return 0;
  const bool other = version.size() == 8 && version.starts_with("HTTP/") && IsDigit(version[5]) &&
                     version[6] == '.' && IsDigit(version[7]);
  return other ? -1 : -2;
}

Refusal ReadRequestLine(RequestHead& head) {
  if (!head.line.ends_with("\r\n")) return {400, "bare LF"};
  std::string_view rest = head.line.substr(0, head.line.size() - 2);
  const size_t first = rest.find(' ');
  if (first == std::string_view::npos) return {400, "request line without a target"};
  head.method = rest.substr(0, first);
  if (!IsToken(head.method) || head.method.size() > kMaxMethod) return {400, "invalid method"};
  rest.remove_prefix(first + 1);
  const size_t second = rest.find(' ');
  if (second == std::string_view::npos) return {400, "request line without a version"};
  head.target = rest.substr(0, second);
  if (head.target.empty() || !IsTarget(head.target)) return {400, "invalid request target"};
  if (head.target.size() > kMaxTarget) return {414, "request target too long"};
  head.minor_version = MinorVersion(rest.substr(second + 1));
  if (head.minor_version == -1) return {505, "version that is not HTTP/1.0 or HTTP/1.1"};
  if (head.minor_version < 0) return {400, "invalid version"};
  head.head_method = head.method == "HEAD";
  if (head.method == "CONNECT") return {405, "CONNECT"};
  return {};
}

// uri-host [ ":" port ] (RFC 9110 section 7.2).
bool IsHost(std::string_view host) {
  size_t end = 0;  // of the name
  if (host.starts_with('[')) {
    end = host.find(']');
    if (end == std::string_view::npos) return false;
    for (const char c : host.substr(1, end - 1)) {
      if (!IsTokenChar(c) && c != ':') return false;
    }
    ++end;
  } else {
    while (end < host.size() && IsTokenChar(host[end]) && host[end] != '#') ++end;
  }
  const std::string_view port = host.substr(end);
  if (port.empty()) return true;
  return port[0] == ':' && (port.size() == 1 || (IsDigits(port.substr(1)) && port.size() <= 6));
}

// RFC 9112 section 3.2: exactly one Host in HTTP/1.1; an absolute target must name the same.
Refusal CheckHost(const RequestHead& head) {
  const Field* host = nullptr;
  for (const Field& field : head.fields.all()) {
    if (field.id != FieldName::kHost) continue;
    if (host != nullptr) return {400, "more than one Host"};
    host = &field;
  }
  if (host == nullptr && head.minor_version == 1) return {400, "no Host"};
  if (host != nullptr && !IsHost(host->value)) return {400, "invalid Host"};
  if (head.target[0] == '/') return {};
  if (head.target == "*") {
    if (head.method != "OPTIONS") return {400, "invalid request target"};
    return {};
  }
  const size_t scheme = head.target.find("://");
  if (scheme == std::string_view::npos) return {400, "invalid request target"};
  const std::string_view name = head.target.substr(0, scheme);
  if (!EqualsLower(name, "http") && !EqualsLower(name, "https")) {
    return {400, "invalid request target"};
  }
  const std::string_view rest = head.target.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (host == nullptr || !EqualsIgnoringCase(authority, host->value)) {
    return {400, "target and Host differ"};
  }
  return {};
}

bool BeginsWithScheme(std::string_view value, std::string_view lower) {
  return value.size() >= lower.size() && EqualsLower(value.substr(0, lower.size()), lower) &&
         (value.size() == lower.size() || value[lower.size()] == ' ');
}

// What single fields ask for.
Refusal ReadRequestFields(const ConnectionOptions& options, RequestHead& head) {
  if (options.named > kMaxNamedFields) return {400, "too many connection options"};
  const Field* upgrade = nullptr;
  for (const Field& field : head.fields.all()) {
    if (field.id == FieldName::kExpect) {
      if (!EqualsLower(field.value, "100-continue")) return {417, "unknown expectation"};
      head.expects_continue = true;
    } else if (field.id == FieldName::kAuthorization) {
      head.binds_connection = head.binds_connection || BeginsWithScheme(field.value, "ntlm") ||
                              BeginsWithScheme(field.value, "negotiate");
    } else if (field.id == FieldName::kUpgrade) {
      upgrade = &field;
    }
  }
  head.websocket = options.upgrade && upgrade != nullptr && head.minor_version == 1 &&
                   head.method == "GET" && EqualsLower(upgrade->value, "websocket");
  head.keep_alive = !options.close && (head.minor_version == 1 || options.keep_alive);
  return {};
}

BodyReader ResponseBody(const Framing& framing, int status, bool to_head) {
  if (to_head || status < 200 || status == 204 || status == 304) return BodyReader();
  if (framing.chunked) return BodyReader::Chunked();
  return framing.has_length ? BodyReader::Length(framing.length) : BodyReader::UntilClose();
}

// "HTTP/1.1 200 OK"; the reason may be missing, with its space or without.
Refusal ReadStatusLine(ResponseHead& head) {
  if (!head.line.ends_with("\r\n")) return {502, "bare LF"};
  const std::string_view line = head.line.substr(0, head.line.size() - 2);
  head.minor_version = line.size() < 12 ? -2 : MinorVersion(line.substr(0, 8));
  const bool valid = head.minor_version >= 0 && line[8] == ' ' && IsDigits(line.substr(9, 3)) &&
                     (line.size() == 12 || line[12] == ' ') && IsFieldValue(line.substr(12));
  if (!valid) return {502, "invalid status line"};
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (head.status < 100 || head.status > 599) return {502, "invalid status"};
  return {};
}

// The last byte may be one whose LF has not come yet.
bool HasBareCarriageReturn(std::string_view bytes) {
  for (size_t at = bytes.find('\r'); at != std::string_view::npos; at = bytes.find('\r', at + 1)) {
    if (at + 1 < bytes.size() && bytes[at + 1] != '\n') return true;
  }
  return false;
}

}  // namespace

HeadEnd FindHeadEnd(std::string_view bytes, size_t* scanned) {
  const size_t begin = *scanned > 0 ? *scanned - 1 : 0;  // it may be the CR of what comes now
  size_t at = begin;
  while (at < bytes.size()) {
    const auto* const feed =
        static_cast<const char*>(memchr(bytes.data() + at, '\n', bytes.size() - at));
    if (feed == nullptr) break;
    const size_t index = static_cast<size_t>(feed - bytes.data());
    if (index == 0 || bytes[index - 1] != '\r') return {HeadEnd::Kind::kBad};
    if (index >= 3 && bytes[index - 2] == '\n') return {HeadEnd::Kind::kComplete, index + 1};
    at = index + 1;
  }
  if (HasBareCarriageReturn(bytes.substr(begin))) return {HeadEnd::Kind::kBad};
  *scanned = bytes.size();
  return {};
}

Refusal CheckRequestLine(std::string_view bytes) {
  RequestHead head;
  head.line = bytes.substr(0, bytes.find('\n') + 1);
  return head.line.empty() ? Refusal() : ReadRequestLine(head);
}

Refusal ReadRequestHead(std::string_view bytes, RequestHead& head) {
  head.method = head.target = {};
  head.websocket = head.expects_continue = head.binds_connection = false;
  head.body = BodyReader();
  head.line = bytes.substr(0, bytes.find('\n') + 1);
  const std::string_view lines = bytes.substr(head.line.size());
  if (auto refusal = ReadRequestLine(head)) return refusal;
  if (auto refusal = ReadFields(lines, head.fields)) return refusal;
  if (auto refusal = CheckHost(head)) return refusal;
  Framing framing;
  if (auto refusal =
          ReadFraming(head.fields, lines, /*request=*/true, head.minor_version, 400, framing)) {
    return refusal;
  }
  if (framing.chunked) head.body = BodyReader::Chunked();
  if (framing.has_length) head.body = BodyReader::Length(framing.length);
  return ReadRequestFields(TakeConnectionFields(head.fields), head);
}

Refusal ReadResponseHead(std::string_view bytes, bool to_head, bool upgrade, ResponseHead& head) {
  head.status = 0;
  head.line = bytes.substr(0, bytes.find('\n') + 1);
  const std::string_view lines = bytes.substr(head.line.size());
  if (auto refusal = ReadStatusLine(head)) return refusal;
  if (auto refusal = ReadFields(lines, head.fields)) return {502, refusal.reason};
  Framing framing;
  if (auto refusal =
          ReadFraming(head.fields, lines, /*request=*/false, head.minor_version, 502, framing)) {
    return refusal;
  }
  if (framing.chunked && (head.status < 200 || head.status == 204)) {
    return {502, "Transfer-Encoding where no body can be"};
  }
  if (head.status == 101 && !upgrade) return {502, "101 without a request for it"};
  const ConnectionOptions options = TakeConnectionFields(head.fields);
  if (options.named > kMaxNamedFields) return {502, "too many connection options"};
  head.body = ResponseBody(framing, head.status, to_head);
  head.keep_alive =
      !options.close && (head.minor_version == 1 || options.keep_alive) && !head.body.until_close();
  return {};
}

}  // namespace aloha::http
