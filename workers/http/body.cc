#include "workers/http/body.h"

#include <algorithm>

#include "workers/http/chars.h"

namespace aloha::http {
namespace {

// Bytes of a chunk line: its size and extensions.
constexpr uint16_t kMaxChunkLine = 1024;
constexpr uint16_t kMaxTrailer = 16 * 1024;
constexpr uint8_t kMaxTrailerLines = 64;
// Chunks above are refused; nothing is that large.
constexpr uint64_t kMaxChunk = uint64_t{1} << 56;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

BodyReader BodyReader::Length(uint64_t bytes) {
  BodyReader reader;
  reader.left_ = bytes;
  return reader;
}

BodyReader BodyReader::Chunked() {
  BodyReader reader;
  reader.kind_ = Kind::kChunked;
  return reader;
}

BodyReader BodyReader::UntilClose() {
  BodyReader reader;
  reader.kind_ = Kind::kUntilClose;
  reader.left_ = UINT64_MAX;
  return reader;
}

std::optional<size_t> BodyReader::Take(std::string_view bytes) {
  if (kind_ == Kind::kUntilClose) return bytes.size();
  if (kind_ == Kind::kLength) {
    const size_t taken = std::min<uint64_t>(left_, bytes.size());
    left_ -= taken;
    return taken;
  }
  size_t at = 0;
  while (at < bytes.size() && kind_ == Kind::kChunked) {
    if (state_ == State::kData) {
      const size_t data = std::min<uint64_t>(left_, bytes.size() - at);
      left_ -= data;
      at += data;
      if (left_ == 0) state_ = State::kDataCr;
    } else if (!TakeChar(bytes[at++])) {
      return std::nullopt;
    }
  }
  return at;
}

bool BodyReader::TakeChar(char c) {
  switch (state_) {
    case State::kSizeBegin:
    case State::kSize:
    case State::kExtension:
    case State::kSizeEnd:
      return TakeSizeChar(c);
    case State::kData:
      return false;  // taken in one piece
    case State::kDataCr:
      state_ = State::kDataEnd;
      return c == '\r';
    case State::kDataEnd:
      state_ = State::kSizeBegin;
      return c == '\n';
    default:
      return ++trailer_ <= kMaxTrailer && TakeTrailerChar(c);
  }
}

// chunk-size [ chunk-ext ] CRLF
bool BodyReader::TakeSizeChar(char c) {
  if (state_ == State::kSizeBegin) {
    left_ = 0;
    line_ = 0;
  }
  if (++line_ > kMaxChunkLine) return false;
  const int digit = HexValue(c);
  switch (state_) {
    case State::kSizeBegin:
      if (digit < 0) return false;
      left_ = static_cast<uint64_t>(digit);
      state_ = State::kSize;
      return true;
    case State::kSize:
      if (digit >= 0) {
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        return left_ <= kMaxChunk && line_ <= 16;
      }
      if (c != '\r' && c != ';') return false;
      state_ = c == ';' ? State::kExtension : State::kSizeEnd;
      return true;
    case State::kExtension:
      if (c == '\r') state_ = State::kSizeEnd;
      return c == '\r' || IsFieldValue({&c, 1});
    default:
      state_ = left_ == 0 ? State::kTrailerBegin : State::kData;
      return c == '\n';
  }
}

// *( field-line CRLF ) CRLF
bool BodyReader::TakeTrailerChar(char c) {
  switch (state_) {
    case State::kTrailerBegin:
      name_size_ = 0;
      if (c == '\r') {
        state_ = State::kEnd;
        return true;
      }
      if (++trailer_lines_ > kMaxTrailerLines) return false;
      state_ = State::kTrailerName;
      [[fallthrough]];
    case State::kTrailerName:
      if (c == ':') {
        state_ = State::kTrailerValue;
        return name_size_ > 0 && !IsForbiddenTrailer();
      }
      if (name_size_ < sizeof name_) name_[name_size_++] = Lower(c);
      return IsTokenChar(c);
    case State::kTrailerValue:
      if (c == '\r') state_ = State::kTrailerLineEnd;
      return c == '\r' || IsFieldValue({&c, 1});
    case State::kTrailerLineEnd:
      state_ = State::kTrailerBegin;
      return c == '\n';
    default:
      kind_ = Kind::kLength;  // of which nothing is left
      left_ = 0;
      return c == '\n';
  }
}

// Fields that frame or route a message stand in its head or nowhere (RFC 9110 section 6.5.1).
bool BodyReader::IsForbiddenTrailer() const {
  const std::string_view name(name_, name_size_);
  return name == "content-length" || name == "transfer-encoding" || name == "host" ||
         name == "connection" || name == "trailer";
}

}  // namespace aloha::http
