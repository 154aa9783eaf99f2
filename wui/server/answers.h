// What every answer to a browser carries.
#ifndef ALOHA_WUI_SERVER_ANSWERS_H_
#define ALOHA_WUI_SERVER_ANSWERS_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aloha::wui {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// Fields that keep browsers from doing more with an answer than the pages need; each answer has
// all of them.
std::span<const HeaderField> SecurityFields();

inline constexpr std::string_view kNoStore = "no-store";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";

// "Not Found"; "Unknown" for what is not used here.
std::string_view StatusReason(int status);

// A whole answer as it goes over the wire, after which the connection ends: of requests that never
// reach the HTTP server.
std::string RefusalText(int status, std::string_view reason);

struct WebAnswer {
  int status = 200;
  std::string_view content_type = kTextType;
  std::string body;
  std::string_view cache_control = kNoStore;
  std::vector<std::pair<std::string_view, std::string>> fields = {};  // further ones
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_ANSWERS_H_
