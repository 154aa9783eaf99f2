// Text from outside: is it UTF-8, and how is it shown.
#ifndef ALOHA_SUPERVISOR_CONFIG_UTF8_H_
#define ALOHA_SUPERVISOR_CONFIG_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace aloha::supervisor {

// Position of the first byte that is not well-formed UTF-8 (RFC 3629: no overlong forms, no
// surrogates), or npos.
size_t FindInvalidUtf8(std::string_view text);

// UTF-8 without control characters.
bool IsPlainText(std::string_view text);

// In double quotes, at most about 60 bytes, with control bytes, quotes, backslashes and bytes that
// are not UTF-8 as \xNN.
std::string Quote(std::string_view text);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_UTF8_H_
