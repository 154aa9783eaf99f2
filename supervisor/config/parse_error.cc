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

// Longer words are no names, and are not searched for.
constexpr size_t kLongestWord = 200;
// Longer messages quote what is no configuration.
constexpr size_t kLongestMessage = 400;

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

// `words` are the type and the name, or the name of an extension and something.
std::string UnknownField(const std::vector<std::string>& words) {
  const std::string& name = words.back();
  const std::string text = fmt::format("there is no field {}", Quote(name));
  const Descriptor* type = DescriptorPool::generated_pool()->FindMessageTypeByName(words.front());
  if (type == nullptr || name.size() > 64) return text + " here";
  std::string best;
  size_t best_distance = name.size() / 3 + 1;  // farther ones are no help
  for (int i = 0; i < type->field_count(); ++i) {
    const size_t distance = Distance(name, type->field(i)->name());
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = type->field(i)->name();
  }
  return best.empty() ? text + " here"
                      : fmt::format("{} here; did you mean {}?", text, Quote(best));
}

// Byte of a line and column, as the parser counts them; npos when a tab stands before, which it
// counts as up to eight.
size_t OffsetOf(const Problem& problem, std::string_view source) {
  if (problem.line <= 0 || problem.column <= 0) return std::string_view::npos;
  size_t begin = 0;
  for (int line = 1; line < problem.line; ++line) begin = source.find('\n', begin) + 1;
  const size_t at = std::min(begin + static_cast<size_t>(problem.column) - 1, source.size());
  const bool tab = source.substr(begin, at - begin).find('\t') != std::string_view::npos;
  return tab ? std::string_view::npos : at;
}

// Moves line and column back to the last `word` before them.
void PointAt(Problem& problem, std::string_view source, std::string_view word) {
  const size_t from = OffsetOf(problem, source);
  if (from == std::string_view::npos || word.empty() || word.size() > kLongestWord) return;
  const size_t at = source.rfind(word, from);
  if (at == std::string_view::npos) return;
  const std::string_view before = source.substr(0, at);
  problem.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  problem.column = static_cast<int>(at - (before.rfind('\n') + 1)) + 1;  // npos + 1 is 0
}

// "mode" when the text before the problem ends in "mode: ".
std::string FieldBefore(const Problem& problem, std::string_view source) {
  const size_t at = OffsetOf(problem, source);
  if (at == std::string_view::npos) return "";
  std::string_view text = source.substr(0, at);
  const auto trim = [&] {
    const size_t last = text.find_last_not_of(" \n");
    text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  };
  trim();
  if (!text.ends_with(':')) return "";
  text.remove_suffix(1);
  trim();
  const size_t begin = text.find_last_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  return std::string(text.substr(begin == std::string_view::npos ? 0 : begin + 1));
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What follows `prefix`, or empty.
std::string After(const std::string& text, const std::string& prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : "";
}

// A message of the parser that quotes a field and, mostly, something else.
struct Explanation {
  std::string_view part;  // of the parser's message
  size_t words;           // how many it quotes
  size_t field;           // which of them is the field
  size_t other;           // which of them stands for {}, and is pointed at when it is not the field
  std::string_view text;
};
constexpr Explanation kExplanations[] = {
    {"Unknown enumeration value", 2, 1, 0, "{} is not a value of it"},
    {"Invalid value for boolean field", 2, 0, 1, "{} is neither true nor false"},
    {"is specified multiple times", 1, 0, 0, "is given twice; keep one"},
    {"another member of oneof", 3, 0, 1, "cannot stand beside {}; keep one"},
};

const Explanation* Explain(const std::string& text) {
  for (const Explanation& explanation : kExplanations) {
    if (Has(text, explanation.part) && QuotedWords(text).size() == explanation.words) {
      return &explanation;
    }
  }
  return nullptr;
}

void ExplainField(const Explanation& explanation, const std::vector<std::string>& words,
                  const UnfinishedMessage& unfinished, std::string_view source, Problem& problem) {
  const std::string& name = words[explanation.field];
  const bool value = explanation.words == 2;
  PointAt(problem, source, value ? words[explanation.other] : name);
  problem.path = JoinPath(unfinished.path, name);
  problem.message = fmt::format(fmt::runtime(explanation.text),
                                value ? Quote(words[explanation.other]) : words[explanation.other]);
  const FieldDescriptor* field =
      unfinished.type == nullptr ? nullptr : unfinished.type->FindFieldByName(name);
  if (value && field != nullptr && field->enum_type() != nullptr) {
    problem.message += "; use " + AllowedValues(*field->enum_type());
  }
}

// Adds the field that the text names before the value in question.
void NameField(Problem& problem, const UnfinishedMessage& unfinished, std::string_view source) {
  const std::string name = FieldBefore(problem, source);
  if (unfinished.type != nullptr && unfinished.type->FindFieldByName(name) != nullptr) {
    problem.path = JoinPath(unfinished.path, name);
  }
}

}  // namespace

Problem ExplainParserMessage(const ParserMessage& message, std::string_view source,
                             const UnfinishedMessage& unfinished) {
  Problem problem{.path = unfinished.path,
                  .line = message.line,
                  .column = message.column,
                  .message = message.text};
  const std::vector<std::string> words = QuotedWords(message.text);
  if (!words.empty() &&  // what the parser quotes may read like one of its own messages
      (Has(message.text, "has no field named") || Has(message.text, "Ignoring extension"))) {
    problem.path.clear();  // the parser went on: what is unfinished is elsewhere
    problem.message = UnknownField(words);
    PointAt(problem, source, words.back());
  } else if (const Explanation* explanation = Explain(message.text)) {
    ExplainField(*explanation, words, unfinished, source, problem);
  } else if (Has(message.text, "exceeded the configured recursion limit")) {
    problem.message = "braces are nested too deep";
  } else if (message.text == "Expected identifier, got: ") {
    problem.message = "the text ends here, but a closing brace is missing";
  } else if (const std::string value = After(message.text, "Expected integer, got: ");
             !value.empty()) {
    problem.message = fmt::format("{} is not a number; write digits only", value);
    NameField(problem, unfinished, source);
  } else if (const std::string other = After(message.text, "Expected string, got: ");
             !other.empty()) {
    problem.message = fmt::format("{} is not text; put it in double quotes", other);
    NameField(problem, unfinished, source);
  } else if (Has(message.text, "Integer out of range")) {
    problem.message = "the number is too large";
    NameField(problem, unfinished, source);
  }
  // What the parser quotes comes from the text, and may be any byte of it.
  if (problem.message.size() > kLongestMessage ||
      FindInvalidUtf8(problem.message) != std::string::npos) {
    problem.message = Quote(problem.message);
  }
  return problem;
}

}  // namespace aloha::supervisor
