#include <fmt/format.h>

#include "workers/runtime/log.h"

namespace aloha {
namespace {

// Length of the UTF-8 sequence at the front of `s` (RFC 3629), or 0 when it is none.
size_t Utf8Length(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  size_t length = 0;
  unsigned low = 0x80, high = 0xbf;  // range of the second byte
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  if (length == 0 || s.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string EscapeForLog(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const unsigned char c = static_cast<unsigned char>(bytes[0]);
    size_t take = 1;
    if (c >= 0x80) take = Utf8Length(bytes);
    // U+0080 to U+009F are control characters too.
    const bool c1_control = c == 0xc2 && take == 2 && static_cast<unsigned char>(bytes[1]) < 0xa0;
    if (take == 0 || c < 0x20 || c == 0x7f || c == '\\' || c1_control) {
      out += fmt::format("\\x{:02x}", c);
      take = 1;
    } else {
      out.append(bytes.substr(0, take));
    }
    bytes.remove_prefix(take);
  }
  return out;
}

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (name == LogLevelName(level)) return level;
  }
  return std::nullopt;
}

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
    case LogLevel::kAccess:
      return "access";
  }
  return "info";
}

}  // namespace aloha
