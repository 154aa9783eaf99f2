#include "wui/server/static_files.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "workers/net/address.h"

namespace aloha::wui {
namespace {

namespace fs = std::filesystem;

constexpr char kInstalled[] = "/usr/share/aloha/wui";
constexpr char kIndex[] = "/index.html";
constexpr std::string_view kAssets = "/assets/";
// The user guide: pages of their own, which refer to each other relative to this folder.
constexpr std::string_view kGuide = "/guide/";
constexpr std::string_view kGuideIndex = "/guide/index.html";
constexpr std::string_view kGzip = ".gz";

struct Type {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array kTypes = {
    Type{".html", "text/html; charset=utf-8"},
    Type{".js", "text/javascript; charset=utf-8"},
    Type{".css", "text/css; charset=utf-8"},
    Type{".svg", "image/svg+xml"},
    Type{".png", "image/png"},
    Type{".ico", "image/x-icon"},
    Type{".woff2", "font/woff2"},
    Type{".wasm", "application/wasm"},
    Type{".json", "application/json"},
    Type{".webmanifest", "application/manifest+json"},
    Type{".txt", kTextType},
};

// Empty: not served.
std::string_view TypeOf(std::string_view path) {
  for (const Type& type : kTypes) {
    if (path.ends_with(type.extension)) return type.type;
  }
  return {};
}

std::string TagOf(std::string_view body) {
  return fmt::format("\"{:016x}-{:x}\"", net::HashName(body), body.size());
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The next element of a list; nothing at the end.
std::optional<std::string_view> NextElement(std::string_view& list) {
  if (list.empty()) return std::nullopt;
  const size_t comma = list.find(',');
  const std::string_view element = Trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return element;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i])))
      return false;
  }
  return true;
}

bool Matches(std::string_view if_none_match, std::string_view tag) {
  while (const auto element = NextElement(if_none_match)) {
    std::string_view one = *element;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

bool IsRoute(std::string_view path) {
  if (path.starts_with(kGuide)) return false;
  return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos;
}

}  // namespace

bool AcceptsGzip(std::string_view accepts) {
  while (const auto element = NextElement(accepts)) {
    const size_t semicolon = element->find(';');
    if (!EqualsIgnoringCase(Trim(element->substr(0, semicolon)), "gzip")) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = Trim(element->substr(semicolon + 1));
    // "q=0", "q=0.000"
    return weight.find_first_not_of("qQ=0. \t") != std::string_view::npos;
  }
  return false;
}

std::string StaticFiles::FindFolder() {
  char self[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  std::error_code ignored;
  if (length > 0) {
    const fs::path beside =
        fs::path(std::string(self, static_cast<size_t>(length))).parent_path().parent_path() /
        "share/aloha/wui";
    if (fs::exists(beside / "index.html", ignored)) return beside.string();
  }
  return fs::exists(std::string(kInstalled) + kIndex, ignored) ? kInstalled : "";
}

Result<StaticFiles> StaticFiles::Read(const std::string& folder) {
  StaticFiles files;
  std::map<std::string, std::string> zipped;
  size_t bytes = 0, count = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->is_symlink() || !at->is_regular_file()) continue;
    std::string path = "/" + fs::relative(at->path(), folder).generic_string();
    const bool gzip = path.ends_with(kGzip);
    if (gzip) path.resize(path.size() - kGzip.size());
    const std::string_view type = TypeOf(path);
    if (type.empty()) continue;
    std::ifstream file(at->path(), std::ios::binary);
    std::string body{std::istreambuf_iterator<char>(file), {}};
    if (!file.good() && !file.eof()) return Fail(Code::kInternal, folder + path + " is unreadable");
    bytes += body.size();
    if (++count > kMaxFiles || bytes > kMaxBytes)
      return Fail(Code::kResourceExhausted, folder + " has more than pages need");
    if (gzip) {
      zipped[path] = std::move(body);
    } else {
      std::string tag = TagOf(body);
      files.files_[path] = {type, std::move(body), {}, std::move(tag)};
    }
  }
  if (failed) return Fail(Code::kInternal, folder + ": " + failed.message());
  for (auto& [path, body] : zipped) {
    const auto file = files.files_.find(path);
    if (file != files.files_.end()) file->second.gzip = std::move(body);
  }
  if (!files.files_.contains(kIndex)) return Fail(Code::kNotFound, folder + " has no index.html");
  return files;
}

WebAnswer StaticFiles::Answer(const Request& request) const {
  if (request.path == kGuide.substr(0, kGuide.size() - 1))
    return {301, kTextType, {}, kNoStore, {{"Location", std::string(kGuide)}}};
  auto found = files_.find(request.path == kGuide ? kGuideIndex : request.path);
  if (found == files_.end() && IsRoute(request.path)) found = files_.find(kIndex);
  if (found == files_.end() && files_.empty())
    return {503, kTextType, "the pages are not installed; the management API is\n"};
  if (found == files_.end()) return {404, kTextType, "not found\n"};
  const auto& [path, file] = *found;
  WebAnswer answer;
  answer.content_type = file.type;
  // The name of an asset changes with its contents.
  if (path.starts_with(kAssets)) {
    answer.cache_control = "public, max-age=31536000, immutable";
  } else if (path != kIndex) {
    answer.cache_control = "no-cache";
  }
  answer.fields.emplace_back("ETag", file.tag);
  if (!file.gzip.empty()) answer.fields.emplace_back("Vary", "Accept-Encoding");
  if (Matches(request.if_none_match, file.tag)) {
    answer.status = 304;
    return answer;
  }
  if (!file.gzip.empty() && AcceptsGzip(request.accepts)) {
    answer.fields.emplace_back("Content-Encoding", "gzip");
    answer.body = file.gzip;
  } else {
    answer.body = file.body;
  }
  return answer;
}

}  // namespace aloha::wui
