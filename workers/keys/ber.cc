#include "workers/keys/ber.h"

#include <cstddef>

namespace aloha::keys {
namespace {

constexpr int kMaxDepth = 32;
constexpr uint8_t kLongTag = 0x1f, kIndefinite = 0x80;

struct Header {
  uint8_t tag = 0;
  size_t num_bytes = 0;          // of the header itself
  std::optional<size_t> length;  // nothing: indefinite
};

std::optional<Header> ReadHeader(std::span<const uint8_t> bytes) {
  if (bytes.size() < 2 || (bytes[0] & kLongTag) == kLongTag) return std::nullopt;
  Header header{bytes[0], 2, bytes[1]};
  if (bytes[1] == kIndefinite) {
    header.length.reset();
    return (header.tag & 0x20) != 0 ? std::optional(header) : std::nullopt;
  }
  if (bytes[1] > kIndefinite) {
    const size_t num_octets = bytes[1] & 0x7f;
    if (num_octets > 4 || bytes.size() < 2 + num_octets) return std::nullopt;
    size_t length = 0;
    for (size_t i = 0; i < num_octets; ++i) length = length << 8 | bytes[2 + i];
    header.num_bytes += num_octets;
    header.length = length;
  }
  if (*header.length > bytes.size() - header.num_bytes) return std::nullopt;
  return header;
}

// Where the content of an element of indefinite length ends: before its 00 00.
std::optional<size_t> FindEnd(std::span<const uint8_t> bytes) {
  int depth = 1;
  size_t at = 0;
  while (true) {
    const std::span<const uint8_t> rest = bytes.subspan(at);
    if (rest.size() >= 2 && rest[0] == 0 && rest[1] == 0) {
      if (--depth == 0) return at;
      at += 2;
      continue;
    }
    const std::optional<Header> header = ReadHeader(rest);
    if (!header) return std::nullopt;
    at += header->num_bytes + header->length.value_or(0);
    if (!header->length && ++depth > kMaxDepth) return std::nullopt;
  }
}

void Append(const BerElement& octets, int depth, std::vector<uint8_t>& out) {
  if (!octets.constructed()) {
    out.insert(out.end(), octets.content.begin(), octets.content.end());
    return;
  }
  if (depth == kMaxDepth) return;
  BerReader pieces(octets.content);
  while (const auto piece = pieces.Next()) Append(*piece, depth + 1, out);
}

}  // namespace

std::optional<BerElement> BerReader::Next() {
  const std::optional<Header> header = ReadHeader(rest_);
  if (!header) return std::nullopt;
  const std::span<const uint8_t> after = rest_.subspan(header->num_bytes);
  const std::optional<size_t> length = header->length ? header->length : FindEnd(after);
  if (!length) return std::nullopt;
  rest_ = after.subspan(*length + (header->length ? 0 : 2));
  return BerElement{header->tag, after.first(*length)};
}

std::optional<BerElement> BerReader::Next(uint8_t tag) {
  if (rest_.empty() || rest_[0] != tag) return std::nullopt;
  return Next();
}

std::optional<uint64_t> BerNumber(const BerElement& integer) {
  if (integer.content.empty() || (integer.content[0] & 0x80) != 0) return std::nullopt;
  uint64_t number = 0;
  for (const uint8_t byte : integer.content) {
    if (number >> 56 != 0) return UINT64_MAX;
    number = number << 8 | byte;
  }
  return number;
}

std::vector<uint8_t> BerOctets(const BerElement& octets) {
  std::vector<uint8_t> out;
  Append(octets, 0, out);
  return out;
}

}  // namespace aloha::keys
