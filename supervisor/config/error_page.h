// Pages that stand for the built-in answers to failures.
#ifndef ALOHA_SUPERVISOR_CONFIG_ERROR_PAGE_H_
#define ALOHA_SUPERVISOR_CONFIG_ERROR_PAGE_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/v1/config.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Largest error page. Bytes.
inline constexpr size_t kMaxErrorPageBytes = 32 * 1024;

// "text/html; charset=utf-8" for .html and .htm, "text/plain; charset=utf-8" for .txt, empty for
// other names.
std::string_view ErrorPageType(std::string_view file);

// The content of a page: a regular file of at most kMaxErrorPageBytes. Never blocks on a FIFO or a
// device. Errors name the path and the cause.
Result<std::string> ReadErrorPage(const std::string& file);

// The contents of every page of a configuration that can be read, by path, for Compile; what is
// wrong with the others goes to `failures`, a sentence each.
std::map<std::string, std::string> ReadErrorPages(const config::v1::Config& config,
                                                  std::vector<std::string>& failures);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_ERROR_PAGE_H_
