#include "supervisor/config/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace aloha::supervisor {
namespace {

using Lines = std::vector<std::string_view>;

constexpr size_t kContext = 3;
// Cells of the table of the longest common subsequence; 32 MiB of memory.
constexpr size_t kMaxCells = 8'000'000;

struct Edit {
  char mark;  // ' ', '-' or '+'
  std::string_view line;
};

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    lines.push_back(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  return lines;
}

// Edits of the middle part, where first and last lines differ: the longest common subsequence
// stays.
void DiffMiddle(const Lines& a, const Lines& b, std::vector<Edit>& edits) {
  const size_t width = b.size() + 1;
  const bool small = (a.size() + 1) * width <= kMaxCells;
  // length[i][j]: of the longest common subsequence of a from i and b from j.
  std::vector<uint32_t> length(small ? (a.size() + 1) * width : 0);
  for (size_t i = small ? a.size() : 0; i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      length[i * width + j] =
          a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                       : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  size_t i = 0, j = 0;
  while (small && i < a.size() && j < b.size()) {
    if (a[i] == b[j]) {
      edits.push_back({' ', a[i]});
      ++i, ++j;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
      edits.push_back({'-', a[i++]});
    } else {
      edits.push_back({'+', b[j++]});
    }
  }
  while (i < a.size()) edits.push_back({'-', a[i++]});
  while (j < b.size()) edits.push_back({'+', b[j++]});
}

std::vector<Edit> DiffLines(const Lines& a, const Lines& b) {
  const size_t shorter = std::min(a.size(), b.size());
  size_t head = 0, tail = 0;
  while (head < shorter && a[head] == b[head]) ++head;
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  std::vector<Edit> edits;
  for (size_t i = 0; i < head; ++i) edits.push_back({' ', a[i]});
  DiffMiddle(Lines(a.begin() + head, a.end() - tail), Lines(b.begin() + head, b.end() - tail),
             edits);
  for (size_t i = a.size() - tail; i < a.size(); ++i) edits.push_back({' ', a[i]});
  return edits;
}

// "3,7", or "3" for one line; where there is none, the line before.
std::string Range(size_t first, size_t count) {
  if (count == 1) return fmt::format("{}", first);
  return fmt::format("{},{}", count == 0 ? first - 1 : first, count);
}

}  // namespace

std::string UnifiedDiff(std::string_view old_text, std::string_view new_text,
                        std::string_view old_name, std::string_view new_name) {
  if (old_text == new_text) return "";
  const std::vector<Edit> edits = DiffLines(SplitLines(old_text), SplitLines(new_text));
  std::string out = fmt::format("--- {}\n+++ {}\n", old_name, new_name);
  size_t old_line = 1, new_line = 1;  // of edits[at]
  for (size_t at = 0; at < edits.size();) {
    // The next change, and how far its hunk reaches: changes closer than two contexts share one.
    size_t change = at;
    while (change < edits.size() && edits[change].mark == ' ') ++change;
    if (change == edits.size()) break;
    const size_t begin = change - std::min(change - at, kContext);
    old_line += begin - at;
    new_line += begin - at;
    size_t last = change;
    for (size_t i = change; i < edits.size() && i <= last + 2 * kContext + 1; ++i) {
      if (edits[i].mark != ' ') last = i;
    }
    const size_t end = std::min(last + 1 + kContext, edits.size());
    size_t old_count = 0, new_count = 0;
    std::string body;
    for (size_t i = begin; i < end; ++i) {
      if (edits[i].mark != '+') ++old_count;
      if (edits[i].mark != '-') ++new_count;
      body += fmt::format("{}{}\n", edits[i].mark, edits[i].line);
    }
    out += fmt::format("@@ -{} +{} @@\n{}", Range(old_line, old_count), Range(new_line, new_count),
                       body);
    old_line += old_count;
    new_line += new_count;
    at = end;
  }
  return out;
}

}  // namespace aloha::supervisor
