// The Cookie field (RFC 6265 section 4.2.1).
#ifndef ALOHA_WORKERS_HTTP_COOKIE_H_
#define ALOHA_WORKERS_HTTP_COOKIE_H_

#include <cstddef>
#include <string_view>

namespace aloha::http {

// The value of the first cookie of this name in a Cookie field; empty: none.
std::string_view FindCookie(std::string_view field, std::string_view name);

// Writes the field's value without the cookies of this name to `out`, which has room for
// field.size() bytes, and returns how many it wrote; 0: no cookie is left. What stays is as it
// came, with its blanks, so it never grows.
size_t RemoveCookie(std::string_view field, std::string_view name, char* out);

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_COOKIE_H_
