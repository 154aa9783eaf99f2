#include "workers/http/cookie.h"

#include <cstring>

#include "workers/http/chars.h"

namespace aloha::http {
namespace {

// Takes the next pair, without the blanks around it, from the rest of a field.
std::string_view NextPair(std::string_view* rest) {
  const size_t end = rest->find(';');
  const std::string_view pair = Trim(rest->substr(0, end));
  *rest = end == std::string_view::npos ? std::string_view() : rest->substr(end + 1);
  return pair;
}

bool IsNamed(std::string_view pair, std::string_view name) {
  return pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name);
}

}  // namespace

std::string_view FindCookie(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const std::string_view pair = NextPair(&field);
    if (!IsNamed(pair, name)) continue;
    std::string_view value = pair.substr(name.size() + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return {};
}

size_t RemoveCookie(std::string_view field, std::string_view name, char* out) {
  size_t written = 0;
  while (!field.empty()) {
    const std::string_view pair = NextPair(&field);
    if (pair.empty() || IsNamed(pair, name)) continue;
    if (written > 0) {
      out[written++] = ';';
      out[written++] = ' ';
    }
    memcpy(out + written, pair.data(), pair.size());
    written += pair.size();
  }
  return written;
}

}  // namespace aloha::http
