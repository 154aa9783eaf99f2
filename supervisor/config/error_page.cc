#include "supervisor/config/error_page.h"

#include "supervisor/config/file.h"

namespace aloha::supervisor {

std::string_view ErrorPageType(std::string_view file) {
  if (file.ends_with(".html") || file.ends_with(".htm")) return "text/html; charset=utf-8";
  return file.ends_with(".txt") ? "text/plain; charset=utf-8" : "";
}

Result<std::string> ReadErrorPage(const std::string& file) {
  return ReadTextFile(file, kMaxErrorPageBytes);
}

std::map<std::string, std::string> ReadErrorPages(const config::v1::Config& config,
                                                  std::vector<std::string>& failures) {
  std::map<std::string, std::string> pages;
  for (const auto& page : config.error_page()) {
    auto content = ReadErrorPage(page.file());
    if (content) {
      pages[page.file()] = std::move(*content);
    } else {
      failures.push_back(content.error().message);
    }
  }
  return pages;
}

}  // namespace aloha::supervisor
