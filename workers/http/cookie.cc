#include "workers/http/cookie.h"

#include <cstring>

#include "workers/http/chars.h"

namespace aloha::http {
namespace {

// Takes what stands before the next semicolon from the rest of a field.
std::string_view NextPiece(std::string_view* rest) {
  const size_t end = rest->find(';');
  const std::string_view piece = rest->substr(0, end);
  *rest = end == std::string_view::npos ? std::string_view() : rest->substr(end + 1);
  return piece;
}

bool IsNamed(std::string_view pair, std::string_view name) {
  return pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name);
}

}  // namespace

std::string_view FindCookie(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const std::string_view pair = Trim(NextPiece(&field));
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
    std::string_view piece = NextPiece(&field);
    const std::string_view pair = Trim(piece);
    if (pair.empty() || IsNamed(pair, name)) continue;
    if (written > 0) {
      out[written++] = ';';
    } else {
      piece = pair;
    }
    memcpy(out + written, piece.data(), piece.size());
    written += piece.size();
  }
  return written;
}

}  // namespace aloha::http
