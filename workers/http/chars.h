// Classes of characters (RFC 9110 section 5.6, RFC 9112 section 3) and comparisons that ignore
// case.
#ifndef ALOHA_WORKERS_HTTP_CHARS_H_
#define ALOHA_WORKERS_HTTP_CHARS_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace aloha::http {

namespace internal {

enum : uint8_t { kTokenBit = 1, kValueBit = 2, kTargetBit = 4, kDigitBit = 8 };

constexpr std::array<uint8_t, 256> MakeCharTable() {
  std::array<uint8_t, 256> table{};
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  for (int c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool mark = c < 0x80 && kTokenMarks.find(static_cast<char>(c)) != std::string_view::npos;
    if (digit || letter || mark) table[c] |= kTokenBit;
    if (digit) table[c] |= kDigitBit;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) table[c] |= kValueBit;
    if (c > 0x20 && c < 0x7f && c != '#') table[c] |= kTargetBit;
  }
  return table;
}
inline constexpr std::array<uint8_t, 256> kCharTable = MakeCharTable();

inline bool AllOf(std::string_view text, uint8_t bit) {
  uint8_t all = bit;
  for (const char c : text) all &= kCharTable[static_cast<uint8_t>(c)];
  return all != 0;
}

}  // namespace internal

inline bool IsTokenChar(char c) {
  return (internal::kCharTable[static_cast<uint8_t>(c)] & internal::kTokenBit) != 0;
}
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// One or more token characters.
inline bool IsToken(std::string_view text) {
  return !text.empty() && internal::AllOf(text, internal::kTokenBit);
}
// What may stand in a field's value: visible characters, spaces, tabs, obs-text.
inline bool IsFieldValue(std::string_view text) {
  return internal::AllOf(text, internal::kValueBit);
}
// What may stand in a request target: visible ASCII but "#".
inline bool IsTarget(std::string_view text) { return internal::AllOf(text, internal::kTargetBit); }
inline bool IsDigits(std::string_view text) {
  return !text.empty() && internal::AllOf(text, internal::kDigitBit);
}
inline bool IsBlank(char c) { return c == ' ' || c == '\t'; }

inline char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
// lower: in lower case already.
inline bool EqualsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}
inline bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

// Without the blanks at its ends (OWS).
inline std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls visit(std::string_view) for each element of a comma-separated list (RFC 9110 section
// 5.6.1), trimmed; empty ones are left out.
template <typename Visit>
void ForEachElement(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view element = Trim(list.substr(0, comma));
    if (!element.empty()) visit(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_CHARS_H_
