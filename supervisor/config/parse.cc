#include "supervisor/config/parse.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <optional>

#include "supervisor/config/file.h"
#include "supervisor/config/parse_error.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

struct SourceMap::Locations {
  TextFormat::ParseInfoTree tree;
};

namespace {

// Messages nest four deep; the rest is room for growth. Bounds the parser's stack.
constexpr int kMaxDepth = 16;
// A file that is no configuration at all has a mistake in every word.
constexpr size_t kMaxMessages = 100;

class Collector : public google::protobuf::io::ErrorCollector {
 public:
  // Lines and columns come from 0; -1: unknown.
  void AddError(int line, int column, const std::string& message) override {
    if (messages.size() < kMaxMessages) messages.push_back({line + 1, column + 1, message});
  }
  // Unknown fields arrive as warnings because the parser was asked to go on after them.
  void AddWarning(int line, int column, const std::string& message) override {
    AddError(line, column, message);
  }

  std::vector<ParserMessage> messages;
};

// The line and column of a byte.
Problem ProblemAt(std::string_view text, size_t at, std::string message) {
  const std::string_view before = text.substr(0, at);
  const size_t newline = before.rfind('\n');
  Problem problem{.message = std::move(message)};
  problem.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  problem.column = static_cast<int>(newline == std::string_view::npos ? at : at - newline - 1) + 1;
  return problem;
}

std::optional<Problem> CheckBytes(std::string_view text) {
  if (text.size() > kMaxConfigBytes) {
    return Problem{.message = fmt::format("{} bytes are too many; a configuration has at most {}",
                                          text.size(), kMaxConfigBytes)};
  }
  if (const size_t at = text.find('\0'); at != std::string_view::npos) {
    return ProblemAt(text, at, "a NUL byte; this is not a text file");
  }
  if (const size_t at = FindInvalidUtf8(text); at != std::string_view::npos) {
    return ProblemAt(text, at, "a byte that is not UTF-8; write the file as UTF-8");
  }
  return std::nullopt;
}

// The message that was being read when the parser gave up: it was entered, and never left.
UnfinishedMessage FindUnfinished(const TextFormat::ParseInfoTree& tree, const Descriptor& type) {
  for (int f = 0; f < type.field_count(); ++f) {
    const FieldDescriptor& field = *type.field(f);
    if (field.message_type() == nullptr) continue;
    for (int index = field.is_repeated() ? 0 : -1;; ++index) {
      const TextFormat::ParseInfoTree* nested = tree.GetTreeForNested(&field, index);
      if (nested == nullptr) break;
      if (tree.GetLocation(&field, index).line == -1) {
        UnfinishedMessage inner = FindUnfinished(*nested, *field.message_type());
        const std::string step =
            field.is_repeated() ? IndexPath(field.name(), index) : field.name();
        inner.path = inner.path.empty() ? step : JoinPath(step, inner.path);
        return inner;
      }
      if (!field.is_repeated()) break;
    }
  }
  return {.path = "", .type = &type};
}

}  // namespace

ParsedConfig ParseConfig(std::string_view text) {
  ParsedConfig parsed;
  if (auto problem = CheckBytes(text)) {
    parsed.problems.push_back(std::move(*problem));
    return parsed;
  }
  auto locations = std::make_shared<SourceMap::Locations>();
  Collector collector;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&locations->tree);
  parser.SetRecursionLimit(kMaxDepth);
  // Unknown fields are errors all the same (see Collector): this reports all of them at once.
  parser.AllowUnknownField(true);
  const bool done = parser.ParseFromString(std::string(text), &parsed.config);
  const Descriptor& type = *parsed.config.GetDescriptor();
  const UnfinishedMessage unfinished =
      done ? UnfinishedMessage{} : FindUnfinished(locations->tree, type);
  for (const ParserMessage& message : collector.messages) {
    parsed.problems.push_back(ExplainParserMessage(message, text, unfinished));
  }
  if (!done && parsed.problems.empty()) {
    parsed.problems.push_back({.message = "this is not a configuration in protobuf text format"});
  }
  parsed.source = SourceMap(std::move(locations));
  return parsed;
}

void SourceMap::Locate(std::vector<Problem>& problems) const {
  if (!locations_) return;
  for (Problem& problem : problems) {
    const auto steps = ParsePath(problem.path);
    if (problem.line != 0 || !steps) continue;
    const TextFormat::ParseInfoTree* tree = &locations_->tree;
    const Descriptor* type = config::v1::Config::descriptor();
    for (const PathStep& step : *steps) {
      const FieldDescriptor* field = type->FindFieldByName(step.name);
      if (field == nullptr || field->is_repeated() != (step.index >= 0)) break;
      const auto location = tree->GetLocation(field, step.index);
      if (location.line == -1) break;
      problem.line = location.line + 1;
      problem.column = location.column + 1;
      type = field->message_type();
      if (type == nullptr) break;
      tree = tree->GetTreeForNested(field, step.index);
      if (tree == nullptr) break;
    }
  }
}

Result<std::string> ReadConfigFile(const std::string& path) {
  return ReadTextFile(path, kMaxConfigBytes);
}

}  // namespace aloha::supervisor
