#include "cli/set_path.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <vector>

namespace aloha::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

using Outcome = tl::expected<void, std::string>;

tl::unexpected<std::string> Wrong(std::string text) { return tl::make_unexpected(std::move(text)); }

// "cas_server[0]": a field and, perhaps, what stands in its brackets.
struct Segment {
  std::string name;
  std::optional<std::string> index;
};

tl::expected<std::vector<Segment>, std::string> Split(std::string_view path) {
  std::vector<Segment> segments;
  while (true) {
    size_t end = path.find_first_of(".[");
    Segment segment{std::string(path.substr(0, end)), std::nullopt};
    if (segment.name.empty()) return Wrong("a field name is missing in the path");
    path.remove_prefix(std::min(end, path.size()));
    if (path.starts_with('[')) {
      size_t close = path.find(']');
      if (close == std::string_view::npos) return Wrong("\"[\" without \"]\" in the path");
      segment.index = std::string(path.substr(1, close - 1));
      path.remove_prefix(close + 1);
    }
    segments.push_back(std::move(segment));
    if (path.empty()) return segments;
    if (!path.starts_with('.')) return Wrong("\".\" is missing behind \"]\" in the path");
    path.remove_prefix(1);
  }
}

std::string FieldNames(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    names += (i == 0 ? "" : ", ") + type.field(i)->name();
  }
  return names;
}

std::string EnumNames(const EnumDescriptor& type) {
  std::string names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;  // *_UNSPECIFIED is no choice
    names += (names.empty() ? "" : ", ") + type.value(i)->name();
  }
  return names;
}

tl::expected<const FieldDescriptor*, std::string> FindField(const Message& message,
                                                            const Segment& segment) {
  const Descriptor& type = *message.GetDescriptor();
  const FieldDescriptor* field = type.FindFieldByName(segment.name);
  if (field == nullptr) {
    return Wrong(
        fmt::format("there is no field \"{}\"; possible: {}", segment.name, FieldNames(type)));
  }
  if (segment.index && !field->is_repeated()) {
    return Wrong(fmt::format("\"{0}\" is not a list: write {0} without []", segment.name));
  }
  return field;
}

// The element whose field "name" is `name`, or -1.
int FindNamed(const Message& message, const FieldDescriptor& list, const std::string& name) {
  if (list.message_type() == nullptr) return -1;
  const FieldDescriptor* key = list.message_type()->FindFieldByName("name");
  if (key == nullptr || key->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return -1;
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &list); ++i) {
    const Message& element = reflection.GetRepeatedMessage(message, &list, i);
    if (element.GetReflection()->GetString(element, key) == name) return i;
  }
  return -1;
}

// Which element of a list is meant; its size for "+".
tl::expected<int, std::string> FindElement(const Message& message, const FieldDescriptor& list,
                                           const Segment& segment) {
  const int size = message.GetReflection()->FieldSize(message, &list);
  if (!segment.index) {
    return Wrong(fmt::format(
        "\"{0}\" is a list: write {0}[0] … to change an element, {0}[+] to add one", segment.name));
  }
  const std::string& index = *segment.index;
  if (index == "+") return size;
  int number = -1;
  auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  const bool is_number = error == std::errc() && end == index.data() + index.size();
  if (!is_number) number = FindNamed(message, list, index);
  if (number >= 0 && number < size) return number;
  if (!is_number) return Wrong(fmt::format("no {} is named \"{}\"", segment.name, index));
  return Wrong(fmt::format("{}[{}] does not exist: the list has {} elements; [+] adds one",
                           segment.name, index, size));
}

// Collects what the text format parser finds wrong.
class Collector : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string& text) override {
    if (errors.empty()) errors = text;
  }
  std::string errors;
};

Outcome ParseMessage(Message& target, std::string_view value) {
  google::protobuf::TextFormat::Parser parser;
  Collector collector;
  parser.RecordErrorsTo(&collector);
  target.Clear();
  if (parser.ParseFromString(std::string(value), &target)) return {};
  return Wrong(fmt::format("\"{}\" is not the text of a {}: {}", value,
                           target.GetDescriptor()->name(), collector.errors));
}

// A string is taken as it is. For the rest text format already knows how it is written and what is
// out of range.
Outcome ParseScalar(Message& message, const FieldDescriptor& field, std::string value) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    if (field.is_repeated()) {
      reflection.AddString(&message, &field, value);
    } else {
      reflection.SetString(&message, &field, value);
    }
    return {};
  }
  if (field.enum_type() != nullptr) {
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto* enumerator = field.enum_type()->FindValueByName(value);
    if (enumerator == nullptr || enumerator->number() == 0) {
      return Wrong(fmt::format("\"{}\" is not possible; possible: {}", value,
                               EnumNames(*field.enum_type())));
    }
  }
  google::protobuf::TextFormat::Parser parser;
  Collector collector;
  parser.RecordErrorsTo(&collector);
  if (parser.ParseFieldValueFromString(value, &field, &message)) return {};
  return Wrong(fmt::format("\"{}\" is not a {}: {}", value, field.type_name(), collector.errors));
}

// `element`: which element of a list, its size for a new one; absent when the field is no list.
Outcome SetScalar(Message& message, const FieldDescriptor& field, std::optional<int> element,
                  std::string_view value) {
  Outcome outcome = ParseScalar(message, field, std::string(value));
  if (!outcome || !element) return outcome;
  // A list has grown at its end: where an element is replaced, the new one takes its place.
  const Reflection& reflection = *message.GetReflection();
  const int last = reflection.FieldSize(message, &field) - 1;
  if (*element != last) {
    reflection.SwapElements(&message, &field, *element, last);
    reflection.RemoveLast(&message, &field);
  }
  return {};
}

// Walks to the message that holds the last segment. Messages on the way are made when `create` is
// set.
tl::expected<Message*, std::string> Walk(Message& root, const std::vector<Segment>& segments,
                                         bool create) {
  Message* message = &root;
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    auto field = FindField(*message, segments[i]);
    if (!field) return Wrong(field.error());
    if ((*field)->message_type() == nullptr) {
      return Wrong(
          fmt::format("\"{}\" is a single value: nothing can stand behind it", segments[i].name));
    }
    const Reflection& reflection = *message->GetReflection();
    if (!(*field)->is_repeated()) {
      if (!create && !reflection.HasField(*message, *field)) {
        return Wrong(fmt::format("\"{}\" is not set", segments[i].name));
      }
      message = reflection.MutableMessage(message, *field);
      continue;
    }
    auto element = FindElement(*message, **field, segments[i]);
    if (!element) return Wrong(element.error());
    if (*element < reflection.FieldSize(*message, *field)) {
      message = reflection.MutableRepeatedMessage(message, *field, *element);
    } else if (create) {
      message = reflection.AddMessage(message, *field);
    } else {
      return Wrong(
          fmt::format("{}[+] is a new element: there is nothing to remove", segments[i].name));
    }
  }
  return message;
}

Outcome SetLast(Message& message, const Segment& segment, std::string_view value) {
  auto field = FindField(message, segment);
  if (!field) return Wrong(field.error());
  const Reflection& reflection = *message.GetReflection();
  std::optional<int> element;
  if ((*field)->is_repeated()) {
    auto found = FindElement(message, **field, segment);
    if (!found) return Wrong(found.error());
    element = *found;
  }
  if ((*field)->message_type() == nullptr) return SetScalar(message, **field, element, value);
  if (!element) return ParseMessage(*reflection.MutableMessage(&message, *field), value);
  if (*element < reflection.FieldSize(message, *field)) {
    return ParseMessage(*reflection.MutableRepeatedMessage(&message, *field, *element), value);
  }
  return ParseMessage(*reflection.AddMessage(&message, *field), value);
}

Outcome UnsetLast(Message& message, const Segment& segment) {
  auto field = FindField(message, segment);
  if (!field) return Wrong(field.error());
  const Reflection& reflection = *message.GetReflection();
  if (!segment.index) {
    const bool set = (*field)->is_repeated() ? reflection.FieldSize(message, *field) > 0
                                             : reflection.HasField(message, *field);
    if (!set) return Wrong(fmt::format("\"{}\" is not set", segment.name));
    reflection.ClearField(&message, *field);
    return {};
  }
  auto element = FindElement(message, **field, segment);
  if (!element) return Wrong(element.error());
  const int size = reflection.FieldSize(message, *field);
  if (*element == size) return Wrong("[+] is a new element: there is nothing to remove");
  for (int i = *element; i + 1 < size; ++i) reflection.SwapElements(&message, *field, i, i + 1);
  reflection.RemoveLast(&message, *field);
  return {};
}

}  // namespace

Outcome SetPath(Message& message, std::string_view path, std::string_view value) {
  auto segments = Split(path);
  if (!segments) return Wrong(fmt::format("{}: {}", path, segments.error()));
  auto parent = Walk(message, *segments, true);
  Outcome outcome =
      parent ? SetLast(**parent, segments->back(), value) : Outcome(Wrong(parent.error()));
  return outcome ? outcome : Wrong(fmt::format("{}: {}", path, outcome.error()));
}

Outcome UnsetPath(Message& message, std::string_view path) {
  auto segments = Split(path);
  if (!segments) return Wrong(fmt::format("{}: {}", path, segments.error()));
  auto parent = Walk(message, *segments, false);
  Outcome outcome = parent ? UnsetLast(**parent, segments->back()) : Outcome(Wrong(parent.error()));
  return outcome ? outcome : Wrong(fmt::format("{}: {}", path, outcome.error()));
}

}  // namespace aloha::cli
