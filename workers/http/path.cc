#include "workers/http/path.h"

#include "workers/http/chars.h"

namespace aloha::http {
namespace {

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Empty: there is none.
std::string_view PathOf(std::string_view target) {
  if (!target.starts_with('/') && target != "*") {
    const size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return {};
    target.remove_prefix(scheme + 3);
    const size_t slash = target.find_first_of("/?");
    if (slash == std::string_view::npos || target[slash] == '?') return "/";
    target.remove_prefix(slash);
  }
  return target.substr(0, target.find('?'));
}

// The segment that began at `begin` is over.
void EndSegment(std::string* path, size_t begin) {
  while (path->size() > begin && path->back() == ' ') path->pop_back();
  if (std::string_view(*path).substr(begin) == "..") {
    path->resize(begin - 1);
    path->resize(path->rfind('/') == std::string::npos ? 0 : path->rfind('/'));
  } else {
    while (path->size() > begin && (path->back() == '.' || path->back() == ' ')) path->pop_back();
    if (path->size() == begin) path->resize(begin - 1);
  }
}

}  // namespace

bool NormalizePath(std::string_view target, std::string* path) {
  const std::string_view raw = PathOf(target);
  path->clear();
  if (raw.empty()) return false;
  size_t begin = 0;  // of the present segment; 0: none
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '/') {
      if (begin > 0) EndSegment(path, begin);
      path->push_back('/');
      begin = path->size();
      continue;
    }
    if (c == '%') {
      const int high = i + 2 < raw.size() ? HexValue(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? HexValue(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '/' || (c >= 0 && c < ' ') || c == 0x7f) return false;
    }
    if (c == '\\') return false;
    path->push_back(Lower(c));
  }
  if (begin > 0) EndSegment(path, begin);
  if (path->empty()) path->push_back('/');
  return true;
}

}  // namespace aloha::http
