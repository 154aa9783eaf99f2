#include "workers/health/http_body.h"

#include <algorithm>
#include <utility>

namespace aloha::health {

bool TextFinder::Take(std::string_view piece, uint64_t limit) {
  piece = piece.substr(0, limit - std::min(taken_, limit));
  taken_ += piece.size();
  if (piece.find(text_) != std::string_view::npos) return true;
  if (text_.size() < 2) return false;
  // A match across the border lies within the last and the first size - 1 bytes.
  const size_t reach = text_.size() - 1;
  tail_.append(piece.substr(0, reach));
  if (tail_.find(text_) != std::string::npos) return true;
  if (piece.size() > reach) tail_ = piece.substr(piece.size() - reach);
  if (tail_.size() > reach) tail_.erase(0, tail_.size() - reach);
  return false;
}

void BodyDecoder::Begin(const BodyFraming& framing) {
  size_digits_ = 0;
  left_ = 0;
  if (framing.chunked) {
    part_ = Part::kSize;
  } else if (framing.length) {
    left_ = *framing.length;
    part_ = left_ == 0 ? Part::kEnd : Part::kLength;
  } else {
    part_ = Part::kUntilClose;
  }
}

BodyDecoder::State BodyDecoder::Take(std::string_view* bytes, std::string_view* plain) {
  *plain = {};
  while (!bytes->empty() && plain->empty()) {
    switch (part_) {
      case Part::kUntilClose:
        *plain = std::exchange(*bytes, {});
        break;
      case Part::kLength:
      case Part::kChunk: {
        *plain = bytes->substr(0, left_);
        bytes->remove_prefix(plain->size());
        left_ -= plain->size();
        if (left_ == 0) part_ = part_ == Part::kLength ? Part::kEnd : Part::kChunkEnd;
        break;
      }
      case Part::kSize:
      case Part::kExtension:
      case Part::kChunkEnd:
        TakeSizeByte(bytes->front());
        bytes->remove_prefix(1);
        break;
      case Part::kEnd:
        return State::kEnd;
      case Part::kMalformed:
        return State::kMalformed;
    }
  }
  if (part_ == Part::kMalformed) return State::kMalformed;
  return part_ == Part::kEnd ? State::kEnd : State::kMore;
}

void BodyDecoder::TakeSizeByte(char c) {
  if (part_ == Part::kChunkEnd) {
    // CR LF after the data of a chunk.
    if (c == '\n') part_ = Part::kSize, left_ = 0, size_digits_ = 0;
    if (c != '\n' && c != '\r') part_ = Part::kMalformed;
    return;
  }
  if (c == '\n') {
    // The last chunk has size zero; trailers after it do not matter here.
    part_ = size_digits_ == 0 ? Part::kMalformed : left_ == 0 ? Part::kEnd : Part::kChunk;
    return;
  }
  if (part_ == Part::kExtension || c == '\r') return;
  int digit = -1;
  if (c >= '0' && c <= '9') digit = c - '0';
  if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
  if (digit >= 0 && size_digits_ < 8) {
    left_ = left_ * 16 + static_cast<uint64_t>(digit);
    ++size_digits_;
  } else if (size_digits_ > 0 && (c == ';' || c == ' ' || c == '\t')) {
    part_ = Part::kExtension;
  } else {
    part_ = Part::kMalformed;
  }
}

}  // namespace aloha::health
