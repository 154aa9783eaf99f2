// The path of a request, as routing sees it.
#ifndef ALOHA_WORKERS_HTTP_PATH_H_
#define ALOHA_WORKERS_HTTP_PATH_H_

#include <string>
#include <string_view>

namespace aloha::http {

// The path of a request target (RFC 9112 section 3.2, origin-form, absolute-form or "*"), decoded
// once, in lower case, with empty and dot segments resolved and without the dots and blanks at the
// ends of segments, which Windows ignores. False: the target has no path, or is refused since
// servers might read it otherwise: an encoded slash, backslash or control character, a backslash, a
// broken percent encoding. *path is overwritten; its memory is used again.
bool NormalizePath(std::string_view target, std::string* path);

// True when `prefix` (normalized, without a slash at its end) fits whole segments of the path.
inline bool HasPathPrefix(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         (path.size() == prefix.size() || path[prefix.size()] == '/' || prefix == "/");
}

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_PATH_H_
