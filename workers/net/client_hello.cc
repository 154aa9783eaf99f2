#include "workers/net/client_hello.h"

#include <algorithm>
#include <cstdint>

namespace aloha::net {
namespace {

using Kind = ServerName::Kind;

constexpr uint32_t kRecordHandshake = 22, kClientHello = 1;
constexpr uint32_t kExtensionServerName = 0, kNameTypeHost = 0;
constexpr size_t kMaxHostName = 255;

// All reading goes through here. A read past the end fails and leaves the cursor where it was.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  // Big-endian number of `size` bytes, 1 to 4.
  bool Number(size_t size, uint32_t& value) {
    std::string_view bytes;
    if (!Bytes(size, bytes)) return false;
    value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
    return true;
  }
  bool Bytes(size_t size, std::string_view& bytes) {
    if (bytes_.size() < size) return false;
    bytes = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  // A vector behind its length of `size` bytes.
  bool Vector(size_t size, std::string_view& bytes) {
    uint32_t length = 0;
    return Number(size, length) && Bytes(length, bytes);
  }
  // As Vector, but takes what is there when the end is missing.
  bool VectorSoFar(size_t size, std::string_view& bytes) {
    uint32_t length = 0;
    return Number(size, length) && Bytes(std::min<size_t>(length, bytes_.size()), bytes);
  }

 private:
  std::string_view bytes_;
};

// The body of the server_name extension: a list with one host name.
ServerName ReadNameList(std::string_view extension) {
  Cursor outer(extension);
  std::string_view list, name;
  uint32_t type = 0;
  if (!outer.Vector(2, list) || !outer.empty()) return {Kind::kAbsent};
  Cursor names(list);
  if (!names.Number(1, type) || type != kNameTypeHost || !names.Vector(2, name)) {
    return {Kind::kAbsent};
  }
  if (name.empty() || name.size() > kMaxHostName) return {Kind::kAbsent};
  return {Kind::kFound, name};
}

// Skips to the extensions of a ClientHello body and looks for the name. `missing` is the answer
// where the bytes end.
ServerName SearchHello(std::string_view body, ServerName missing) {
  Cursor hello(body);
  std::string_view skipped, extensions;
  uint32_t version = 0;
  if (!hello.Number(2, version) || !hello.Bytes(32, skipped) || !hello.Vector(1, skipped) ||
      !hello.Vector(2, skipped) || !hello.Vector(1, skipped) || !hello.VectorSoFar(2, extensions)) {
    return missing;
  }
  Cursor cursor(extensions);
  uint32_t type = 0;
  std::string_view extension;
  while (cursor.Number(2, type) && cursor.Vector(2, extension)) {
    if (type == kExtensionServerName) return ReadNameList(extension);
  }
  return missing;
}

}  // namespace

ServerName ReadServerName(std::string_view bytes) {
  Cursor cursor(bytes);
  uint32_t type = 0, major = 0, minor = 0, record_length = 0, message = 0, message_length = 0;
  if (!cursor.Number(1, type)) return {Kind::kIncomplete};
  if (type != kRecordHandshake) return {Kind::kAbsent};
  if (!cursor.Number(1, major)) return {Kind::kIncomplete};
  if (major != 3) return {Kind::kAbsent};
  if (!cursor.Number(1, minor) || !cursor.Number(2, record_length)) return {Kind::kIncomplete};
  if (record_length < 4 || record_length > kMaxClientHello - 5) return {Kind::kAbsent};
  if (!cursor.Number(1, message)) return {Kind::kIncomplete};
  if (message != kClientHello) return {Kind::kAbsent};
  if (!cursor.Number(3, message_length)) return {Kind::kIncomplete};
  constexpr size_t kHeaders = 5 + 4;
  const size_t in_record = std::min<size_t>(message_length, record_length - 4);
  const bool whole = bytes.size() - kHeaders >= in_record;
  return SearchHello(bytes.substr(kHeaders, in_record),
                     {whole ? Kind::kAbsent : Kind::kIncomplete});
}

}  // namespace aloha::net
