// The pages: read once, before the process can open files no more, and served out of a map.
#ifndef ALOHA_WUI_SERVER_STATIC_FILES_H_
#define ALOHA_WUI_SERVER_STATIC_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"
#include "wui/server/answers.h"

namespace aloha::wui {

class StaticFiles {
 public:
  static constexpr size_t kMaxFiles = 512;
  static constexpr size_t kMaxBytes = 16 * 1024 * 1024;

  // No pages.
  StaticFiles() = default;
  // Those of a folder and the folders in it: index.html, what it refers to, and "NAME.gz" beside a
  // file for clients that take it. Links and what has no type that is known here are left out. An
  // error where it cannot be read, has no index.html, or is beyond the bounds.
  static Result<StaticFiles> Read(const std::string& folder);
  // The folder beside the one that the program is in ("../share/aloha/wui"), or where it is
  // installed; empty: neither is there.
  static std::string FindFolder();

  struct Request {
    std::string_view path;           // as it came, without the query
    std::string_view accepts;        // Accept-Encoding
    std::string_view if_none_match;  // If-None-Match
  };
  // The file; for a path that is none and whose last part has no ".", a route within the page,
  // index.html; otherwise 404. Below /guide/, the user guide, there are no routes: /guide/ is its
  // own index.html, and /guide leads there.
  WebAnswer Answer(const Request& request) const;
  bool empty() const { return files_.empty(); }

 private:
  struct File {
    std::string_view type;
    std::string body, gzip;  // gzip: empty: none
    std::string tag;         // ETag
  };

  std::map<std::string, File, std::less<>> files_;  // by path, "/assets/index-3f2a.js"
};

// Whether Accept-Encoding takes gzip (RFC 9110 section 12.5.3).
bool AcceptsGzip(std::string_view accepts);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_STATIC_FILES_H_
