// Where a message body ends, while its bytes pass through unchanged.
#ifndef ALOHA_WORKERS_HTTP_BODY_H_
#define ALOHA_WORKERS_HTTP_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aloha::http {

// Reads the framing of one body: none, a number of bytes, chunks (RFC 9112 section 7.1), or
// everything until the connection ends.
class BodyReader {
 public:
  // No body.
  BodyReader() = default;
  static BodyReader Length(uint64_t bytes);
  static BodyReader Chunked();
  static BodyReader UntilClose();

  // The body, or what came of it, is over.
  bool done() const { return kind_ == Kind::kLength && left_ == 0; }
  bool chunked() const { return kind_ == Kind::kChunked; }
  bool until_close() const { return kind_ == Kind::kUntilClose; }
  // Not chunked: bytes that are missing; UINT64_MAX: until the connection ends.
  uint64_t left() const { return left_; }

  // How many of these bytes belong to the body; the rest is another message. Empty: the chunks are
  // malformed, nothing of these bytes may be passed on.
  std::optional<size_t> Take(std::string_view bytes);
  // Not chunked: so many bytes were passed on without Take.
  void Skip(uint64_t bytes) { left_ -= until_close() ? 0 : bytes; }

 private:
  enum class Kind : uint8_t { kLength, kChunked, kUntilClose };
  enum class State : uint8_t {
    kSizeBegin,
    kSize,
    kExtension,
    kSizeEnd,
    kData,
    kDataCr,
    kDataEnd,
    kTrailerBegin,
    kTrailerName,
    kTrailerValue,
    kTrailerLineEnd,
    kEnd,
  };

  bool TakeChar(char c);
  bool TakeSizeChar(char c);
  bool TakeTrailerChar(char c);
  bool IsForbiddenTrailer() const;

  Kind kind_ = Kind::kLength;
  State state_ = State::kSizeBegin;
  uint16_t line_ = 0;     // bytes of the present chunk line
  uint16_t trailer_ = 0;  // bytes of the trailer section
  uint8_t trailer_lines_ = 0;
  uint8_t name_size_ = 0;
  char name_[18];      // of the present trailer field, in lower case; longer ones are cut
  uint64_t left_ = 0;  // in the present chunk, or in the body
};

}  // namespace aloha::http

#endif  // ALOHA_WORKERS_HTTP_BODY_H_
