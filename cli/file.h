// Files named on the command line.
#ifndef ALOHA_CLI_FILE_H_
#define ALOHA_CLI_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace aloha::cli {

// The configuration may have so many bytes as text.
inline constexpr size_t kMaxConfigBytes = 4 << 20;

// The contents of a regular file, or of standard input for "-". Refuses directories, FIFOs and
// devices, and more than `max_bytes`, of which no more is read. The error is one line that names
// the file and the cause.
tl::expected<std::string, std::string> ReadFile(const std::string& path, size_t max_bytes);

// The same for a configuration: at most kMaxConfigBytes of UTF-8; the error has the line and column
// of the first byte that is not.
tl::expected<std::string, std::string> ReadConfigFile(const std::string& path);

// Whether the text is well-formed UTF-8 (RFC 3629).
bool IsUtf8(std::string_view text);

// What a file is called that was given no name: "mail" for "/tmp/mail.pfx". Empty for "-".
std::string FileStem(const std::string& path);

// The name of a file in messages: "standard input" for "-".
std::string FileLabel(const std::string& path);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_FILE_H_
