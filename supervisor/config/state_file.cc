#include "supervisor/config/state_file.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <cstdio>
#include <optional>

#include "supervisor/config/file.h"
#include "supervisor/config/print.h"

namespace aloha::supervisor {
namespace {

// Canonical text may be longer than the text it came from.
constexpr size_t kMaxStateBytes = 64 * 1024 * 1024;
constexpr std::string_view kTrailer = "# checksum: ";

// CRC-32 as in zlib and Ethernet: against accidents, not against forgery.
uint32_t Checksum(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0);
  }
  return ~crc;
}

std::string TrailerOf(std::string_view body) {
  return fmt::format("{}{:08x}\n", kTrailer, Checksum(body));
}

// What stands before the checksum, when that is right.
std::optional<std::string_view> Verified(std::string_view content) {
  const size_t at = content.rfind(kTrailer);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view body = content.substr(0, at);
  if (content.substr(at) != TrailerOf(body)) return std::nullopt;
  return body;
}

std::string_view CommentLines(std::string_view body) {
  size_t end = 0;
  while (end < body.size() && body[end] == '#') {
    const size_t newline = body.find('\n', end);
    end = newline == std::string_view::npos ? body.size() : newline + 1;
  }
  return body.substr(0, end);
}

// Swallows the parser's messages: whoever edits these files has no use for lines and columns.
class Silent : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, int, const std::string&) override {}
};

tl::unexpected<Error> SetAside(const std::string& path, std::string_view why) {
  const std::string aside = path + ".broken";
  const bool renamed = ::rename(path.c_str(), aside.c_str()) == 0;
  return Fail(Code::kInvalidArgument,
              fmt::format("{} {}; {}", path, why,
                          renamed ? "set aside as " + aside : "it could not be set aside"));
}

}  // namespace

Result<> WriteState(const std::string& path, const google::protobuf::Message& message,
                    std::string_view header, mode_t mode) {
  std::string content = fmt::format("{}{}", header, PrintText(message));
  content += TrailerOf(content);
  return WriteFileAtomically(path, content, mode);
}

Result<> ReadState(const std::string& path, google::protobuf::Message* message,
                   std::string* header) {
  const auto content = ReadTextFile(path, kMaxStateBytes);
  if (!content) return tl::make_unexpected(content.error());
  if (content->empty()) return SetAside(path, "is empty");
  const auto body = Verified(*content);
  if (!body) return SetAside(path, "is torn or was edited (its checksum differs)");
  Silent silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(std::string(*body), message)) {
    return SetAside(path, "is of another version (it has fields that are not known)");
  }
  if (header != nullptr) *header = CommentLines(*body);
  return {};
}

}  // namespace aloha::supervisor
