// Lines and words, as SMTP, IMAP and POP3 share them.
#ifndef ALOHA_WORKERS_MAIL_LINES_H_
#define ALOHA_WORKERS_MAIL_LINES_H_

#include <algorithm>
#include <optional>
#include <string_view>

#include "workers/http/chars.h"

namespace aloha::mail {

using http::EqualsIgnoringCase;

struct Line {
  std::string_view text;  // without CRLF or LF
  std::string_view raw;   // with it
};

// The first line of `bytes`; none: it has not ended.
inline std::optional<Line> FirstLine(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view text = bytes.substr(0, end);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return Line{text, bytes.substr(0, end + 1)};
}

// Takes the text before the next space or tab, and that one, from `line`.
inline std::string_view TakeWord(std::string_view* line) {
  const size_t end = std::min(line->find_first_of(" \t"), line->size());
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return word;
}

// Whether the word is one of those, in any case.
inline bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [word](std::string_view other) { return EqualsIgnoringCase(word, other); });
}

}  // namespace aloha::mail

#endif  // ALOHA_WORKERS_MAIL_LINES_H_
