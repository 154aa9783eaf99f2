#include "supervisor/backup/backup_file.h"

#include <fmt/format.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sodium.h>

#include <cstdint>
#include <optional>

#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace {

namespace io = google::protobuf::io;
using config::v1::BackupContent;
using config::v1::BackupHeader;

constexpr std::string_view kMagic = "ALOHABAK";
constexpr std::string_view kProduct = "aloha";
constexpr uint32_t kForm = 1;
constexpr size_t kDigest = 32, kNumber = 4;
constexpr size_t kMaxHeaderBytes = 4096;
constexpr size_t kShownBytes = 64;

std::string Number(size_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::string DigestOf(std::string_view bytes) {
  std::string digest(kDigest, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                     0);
  return digest;
}

// What is left of a text, taken from its front. Nothing: there is not as much.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  std::optional<std::string_view> Take(size_t count) {
    if (count > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::optional<uint32_t> TakeNumber() {
    const auto bytes = Take(kNumber);
    if (!bytes) return std::nullopt;
    uint32_t number = 0;
    for (const char byte : *bytes) number = number << 8 | static_cast<uint8_t>(byte);
    return number;
  }
  size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

tl::unexpected<Error> Refuse(std::string why) {
  return Fail(Code::kInvalidArgument, std::move(why));
}

tl::unexpected<Error> Torn() { return Refuse("the backup is cut off, or was changed"); }

tl::unexpected<Error> Newer(std::string_view what) {
  return Refuse(fmt::format("the backup {}; upgrade this machine first", what));
}

}  // namespace

std::string BackupPrefix(const BackupHeader& header) {
  BackupHeader whole = header;
  whole.set_product(std::string(kProduct));
  const std::string bytes = whole.SerializeAsString();
  return std::string(kMagic) + Number(kForm) + Number(bytes.size()) + bytes;
}

std::string WriteBackup(std::string_view prefix, std::string_view content) {
  std::string file(prefix);
  file.append(Number(content.size())).append(content);
  return file + DigestOf(file);
}

Result<BackupFile> ReadBackup(std::string_view file) {
  if (file.size() > kMaxBackupBytes) return Refuse("the file is too large for a backup");
  Cursor cursor(file);
  if (cursor.Take(kMagic.size()) != kMagic) return Refuse("the file is no backup of Aloha");
  const auto form = cursor.TakeNumber();
  if (!form) return Torn();
  if (*form > kForm) return Newer(fmt::format("has the form {} of a newer version", *form));
  const auto header_bytes = cursor.TakeNumber();
  if (*form != kForm || !header_bytes || *header_bytes > kMaxHeaderBytes) return Torn();
  const auto header = cursor.Take(*header_bytes);
  if (!header) return Torn();
  BackupFile read;
  read.prefix = file.substr(0, file.size() - cursor.left());
  const auto content_bytes = cursor.TakeNumber();
  const auto content = content_bytes ? cursor.Take(*content_bytes) : std::nullopt;
  if (!content || cursor.left() != kDigest) return Torn();
  const std::string_view before = file.substr(0, file.size() - kDigest);
  if (DigestOf(before) != file.substr(before.size())) return Torn();
  read.content = *content;
  if (!read.header.ParseFromArray(header->data(), static_cast<int>(header->size()))) return Torn();
  if (read.header.product() != kProduct)
    return Refuse(fmt::format("the backup is one of \"{}\", another product",
                              EscapeForLog(read.header.product().substr(0, kShownBytes))));
  return read;
}

std::string PackContent(const BackupContent& content) {
  std::string packed;
  io::StringOutputStream out(&packed);
  io::GzipOutputStream gzip(&out);
  content.SerializeToZeroCopyStream(&gzip);
  gzip.Close();
  return packed;
}

Result<BackupContent> UnpackContent(std::string_view packed) {
  io::ArrayInputStream in(packed.data(), static_cast<int>(packed.size()));
  io::GzipInputStream gzip(&in, io::GzipInputStream::GZIP);
  std::string bytes;
  const void* piece = nullptr;
  for (int size = 0; gzip.Next(&piece, &size);) {
    bytes.append(static_cast<const char*>(piece), static_cast<size_t>(size));
    if (bytes.size() > kMaxContentBytes) return Refuse("the content of the backup is too large");
  }
  BackupContent content;
  if (packed.empty() || gzip.ZlibErrorCode() != Z_STREAM_END || !content.ParseFromString(bytes))
    return Refuse("the content of the backup is damaged");
  BackupContent known = content;
  known.DiscardUnknownFields();
  if (known.ByteSizeLong() != content.ByteSizeLong())
    return Newer("has settings that this version does not know");
  return content;
}

}  // namespace aloha::supervisor
