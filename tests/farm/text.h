// Small helpers for line protocols.
#ifndef ALOHA_TESTS_FARM_TEXT_H_
#define ALOHA_TESTS_FARM_TEXT_H_

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace aloha::farm {

inline std::string Upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  });
  return out;
}

inline std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return out;
}

// Takes the first word off `rest`, with the blanks after it.
inline std::string TakeWord(std::string& rest) {
  const size_t end = std::min(rest.find(' '), rest.size());
  std::string word = rest.substr(0, end);
  rest.erase(0, std::min(rest.find_first_not_of(' ', end), rest.size()));
  return word;
}

// A whole decimal number and nothing else.
template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_TEXT_H_
