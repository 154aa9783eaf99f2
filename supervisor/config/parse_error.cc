#include "supervisor/config/parse_error.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// The words in double quotes, in order.
std::vector<std::string> QuotedWords(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const size_t open = text.find('"');
    if (open == std::string_view::npos) return words;
    const size_t close = text.find('"', open + 1);
    if (close == std::string_view::npos) return words;
    words.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

// Edits that make one word of the other (Levenshtein).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

std::string UnknownField(const std::string& type_name, const std::string& name) {
  std::string text = fmt::format("there is no field {}", Quote(name));
  const Descriptor* type = DescriptorPool::generated_pool()->FindMessageTypeByName(type_name);
  if (type == nullptr || name.size() > 64) return text + " here";
  std::string best;
  size_t best_distance = name.size() / 3 + 2;  // farther ones are no help
  for (int i = 0; i < type->field_count(); ++i) {
    const size_t distance = Distance(name, type->field(i)->name());
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = type->field(i)->name();
  }
  return best.empty() ? text + " here"
                      : fmt::format("{} here; did you mean {}?", text, Quote(best));
}

// Moves the column back to the word, when it stands before it on the same line.
void PointAt(Problem& problem, std::string_view source, std::string_view word) {
  if (problem.line <= 0 || word.empty()) return;
  size_t begin = 0;
  for (int line = 1; line < problem.line; ++line) begin = source.find('\n', begin) + 1;
  const std::string_view line = source.substr(begin, source.find('\n', begin) - begin);
  // The parser counts a tab as up to eight columns.
  if (line.find('\t') != std::string_view::npos) return;
  const size_t at = line.rfind(word, static_cast<size_t>(problem.column) - 1);
  if (at != std::string_view::npos) problem.column = static_cast<int>(at) + 1;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const FieldDescriptor* FieldOf(const UnfinishedMessage& unfinished, const std::string& name) {
  return unfinished.type == nullptr ? nullptr : unfinished.type->FindFieldByName(name);
}

}  // namespace

Problem ExplainParserMessage(const ParserMessage& message, std::string_view source,
                             const UnfinishedMessage& unfinished) {
  Problem problem{.path = unfinished.path,
                  .line = message.line,
                  .column = message.column,
                  .message = message.text};
  const std::vector<std::string> words = QuotedWords(message.text);
  if (Has(message.text, "has no field named") && words.size() == 2) {
    problem.path.clear();  // the parser went on: what is unfinished is elsewhere
    problem.message = UnknownField(words[0], words[1]);
    PointAt(problem, source, words[1]);
  } else if (Has(message.text, "Ignoring extension") && !words.empty()) {
    problem.path.clear();
    problem.message = fmt::format("there is no field {} here", Quote(words[0]));
  } else if (Has(message.text, "Unknown enumeration value") && words.size() == 2) {
    const FieldDescriptor* field = FieldOf(unfinished, words[1]);
    problem.path = JoinPath(unfinished.path, words[1]);
    problem.message = fmt::format("{} is not a value of it", words[0]);
    if (field != nullptr && field->enum_type() != nullptr) {
      problem.message += "; use " + AllowedValues(*field->enum_type());
    }
    PointAt(problem, source, words[0]);
  } else if (Has(message.text, "Invalid value for boolean field") && words.size() == 2) {
    problem.path = JoinPath(unfinished.path, words[0]);
    problem.message = fmt::format("{} is neither true nor false", Quote(words[1]));
    PointAt(problem, source, words[1]);
  } else if (Has(message.text, "is specified multiple times") && words.size() == 1) {
    problem.path = JoinPath(unfinished.path, words[0]);
    problem.message = "is given twice; keep one";
    PointAt(problem, source, words[0]);
  } else if (Has(message.text, "another member of oneof") && words.size() == 3) {
    problem.path = JoinPath(unfinished.path, words[0]);
    problem.message = fmt::format("cannot stand beside {}; keep one", words[1]);
    PointAt(problem, source, words[0]);
  } else if (Has(message.text, "exceeded the configured recursion limit")) {
    problem.message = "braces are nested too deep";
  }
  // What the parser quotes comes from the text, and may be any byte of it.
  if (FindInvalidUtf8(problem.message) != std::string::npos)
    problem.message = Quote(problem.message);
  return problem;
}

}  // namespace aloha::supervisor
