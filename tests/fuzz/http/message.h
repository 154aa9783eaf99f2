// What holds for every message, whatever the bytes and however they are split.
#ifndef ALOHA_TESTS_FUZZ_HTTP_MESSAGE_H_
#define ALOHA_TESTS_FUZZ_HTTP_MESSAGE_H_

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "workers/http/body.h"
#include "workers/http/head.h"

namespace aloha::http {

inline void Require(bool holds) {
  if (!holds) abort();
}

// The end of a head that arrives in pieces. A bare CR is seen earlier so, and refused either way:
// *early.
inline HeadEnd FindHead(std::string_view bytes, size_t piece, bool* early) {
  size_t scanned = 0;
  const HeadEnd whole = FindHeadEnd(bytes, &scanned);
  scanned = 0;
  HeadEnd end;
  for (size_t have = 0; end.kind == HeadEnd::Kind::kIncomplete && have < bytes.size();) {
    have = std::min(have + piece, bytes.size());
    end = FindHeadEnd(bytes.substr(0, have), &scanned);
  }
  *early = end.kind == HeadEnd::Kind::kBad && whole.kind == HeadEnd::Kind::kComplete;
  Require(*early || (end.kind == whole.kind && end.size == whole.size));
  return whole;
}

inline void RequireFields(const Fields& fields) {
  size_t lengths = 0, codings = 0;
  for (const Field& field : fields.all()) {
    Require(field.line.ends_with("\r\n") && !field.name.empty());
    const std::string_view text = field.line.substr(0, field.line.size() - 2);
    Require(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    Require(text.starts_with(field.name) && text[field.name.size()] == ':');
    lengths += field.id == FieldName::kContentLength ? 1 : 0;
    codings += field.id == FieldName::kTransferEncoding ? 1 : 0;
  }
  Require(lengths + codings <= 1);
}

// A body ends at the same byte, or is refused, however it arrives.
inline void RequireBody(const BodyReader& body, std::string_view bytes, size_t piece) {
  BodyReader whole = body, split = body;
  const auto taken = whole.Take(bytes);
  size_t sum = 0;
  while (sum < bytes.size() && !split.done()) {
    const auto some = split.Take(bytes.substr(sum, piece));
    if (!some) return Require(!taken);
    Require(*some > 0);
    sum += *some;
  }
  Require(taken && *taken == sum && whole.done() == split.done());
}

}  // namespace aloha::http

#endif  // ALOHA_TESTS_FUZZ_HTTP_MESSAGE_H_
