#include "supervisor/config/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace aloha::supervisor {
namespace {

// Length of the well-formed sequence at the start of `text`; 0: there is none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  uint8_t low = 0x80, high = 0xbf;  // bounds of the second byte, RFC 3629 section 4
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  if (first >= 0xe0 && first <= 0xef) length = 3;
  if (first >= 0xf0 && first <= 0xf4) length = 4;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (length == 0 || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return length;
}

}  // namespace

size_t FindInvalidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = SequenceLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

bool IsPlainText(std::string_view text) {
  return FindInvalidUtf8(text) == std::string_view::npos &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

std::string Quote(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string quoted = "\"";
  size_t at = 0;
  while (at < text.size() && at < kMost) {
    const size_t length = SequenceLength(text.substr(at));
    const auto byte = static_cast<uint8_t>(text[at]);
    if (length > 1 ||
        (length == 1 && byte >= 0x20 && byte != 0x7f && byte != '"' && byte != '\\')) {
      quoted += text.substr(at, length);
      at += length;
    } else {
      quoted += fmt::format("\\x{:02x}", byte);
      ++at;
    }
  }
  return quoted + (at < text.size() ? "…\"" : "\"");
}

}  // namespace aloha::supervisor
