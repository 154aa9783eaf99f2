// Decodes the body of one HTTP/1.1 response and looks for a text in it, without keeping it.
#ifndef ALOHA_WORKERS_HEALTH_HTTP_BODY_H_
#define ALOHA_WORKERS_HEALTH_HTTP_BODY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aloha::health {

// Finds one text in a stream whose pieces may be split anywhere. Keeps less than the text's length.
class TextFinder {
 public:
  explicit TextFinder(std::string text) : text_(std::move(text)) {}

  void Clear() { tail_.clear(), taken_ = 0; }
  // Looks at no byte beyond the first `limit` of the stream. True: found.
  bool Take(std::string_view piece, uint64_t limit);
  // Bytes looked at.
  uint64_t taken() const { return taken_; }
  const std::string& text() const { return text_; }

 private:
  const std::string text_;
  std::string tail_;
  uint64_t taken_ = 0;
};

// Where a body ends (RFC 9112 section 6.3).
struct BodyFraming {
  bool chunked = false;
  std::optional<uint64_t> length;  // neither: it ends with the connection
};

// Takes the framing of a body off, piece by piece.
class BodyDecoder {
 public:
  enum class State { kMore, kEnd, kMalformed };

  void Begin(const BodyFraming& framing);
  // Takes the next piece of plain body from the front of `bytes` into `plain` (which may stay
  // empty). Call until `bytes` is empty or the state is final.
  State Take(std::string_view* bytes, std::string_view* plain);
  // The close of the connection is the body's own end.
  bool EndsWithClose() const { return part_ == Part::kUntilClose; }

 private:
  // RFC 9112 section 7.1.
  enum class Part { kUntilClose, kLength, kSize, kExtension, kChunk, kChunkEnd, kEnd, kMalformed };

  void TakeSizeByte(char c);

  Part part_ = Part::kEnd;
  uint64_t left_ = 0;  // of the body or chunk, or the chunk size read so far
  int size_digits_ = 0;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_HTTP_BODY_H_
