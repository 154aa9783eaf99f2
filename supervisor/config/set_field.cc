#include "supervisor/config/set_field.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <charconv>

#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A field of a message, or one element of a list.
struct Place {
  Message* message;
  const FieldDescriptor* field;
  int index;  // -1: the field itself

  const Reflection& reflection() const { return *message->GetReflection(); }
  int size() const { return reflection().FieldSize(*message, field); }
};

tl::unexpected<Error> Bad(std::string_view path, std::string message) {
  return Fail(Code::kInvalidArgument, fmt::format("{}: {}", path, message), std::string(path));
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    (void)line;
    (void)column;
    if (text.empty()) text = message;
  }
  std::string text;
};

Result<Place> Find(Message& root, std::string_view path) {
  const auto steps = ParsePath(path);
  if (!steps) return tl::make_unexpected(steps.error());
  Message* message = &root;
  for (size_t i = 0;; ++i) {
    const PathStep& step = (*steps)[i];
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(step.name);
    if (field == nullptr) return Bad(path, fmt::format("there is no field {}", Quote(step.name)));
    if (step.index >= 0 && !field->is_repeated()) {
      return Bad(path, fmt::format("{} is not a list; leave out [{}]", step.name, step.index));
    }
    const Place place{message, field, step.index};
    if (step.index >= 0 && step.index > place.size()) {
      return Bad(path, fmt::format("{} has {} elements; [{}] appends one", step.name, place.size(),
                                   place.size()));
    }
    if (i + 1 == steps->size()) return place;
    if (field->message_type() == nullptr) {
      return Bad(path, fmt::format("{} has no fields of its own", step.name));
    }
    if (!field->is_repeated()) {
      message = place.reflection().MutableMessage(message, field);
    } else if (step.index < 0) {
      return Bad(path, fmt::format("{} is a list; write {}[0]", step.name, step.name));
    } else {
      message = step.index < place.size()
                    ? place.reflection().MutableRepeatedMessage(message, field, step.index)
                    : place.reflection().AddMessage(message, field);
    }
  }
}

void Remove(const Place& place) {
  if (place.index < 0) return place.reflection().ClearField(place.message, place.field);
  for (int i = place.index; i + 1 < place.size(); ++i) {
    place.reflection().SwapElements(place.message, place.field, i, i + 1);
  }
  if (place.index < place.size()) place.reflection().RemoveLast(place.message, place.field);
}

Result<> SetString(const Place& place, std::string value) {
  const Reflection& reflection = place.reflection();
  if (place.index < 0) {
    reflection.SetString(place.message, place.field, std::move(value));
  } else if (place.index < place.size()) {
    reflection.SetRepeatedString(place.message, place.field, place.index, std::move(value));
  } else {
    reflection.AddString(place.message, place.field, std::move(value));
  }
  return {};
}

Result<> SetNumber(const Place& place, std::string_view path, std::string_view value) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    return Bad(path, fmt::format("{} is not a number; write digits only", Quote(value)));
  }
  const Reflection& reflection = place.reflection();
  if (place.index < 0) {
    reflection.SetUInt32(place.message, place.field, number);
  } else if (place.index < place.size()) {
    reflection.SetRepeatedUInt32(place.message, place.field, place.index, number);
  } else {
    reflection.AddUInt32(place.message, place.field, number);
  }
  return {};
}

// Booleans and enums; the configuration has no lists of them.
Result<> SetWord(const Place& place, std::string_view path, std::string_view value) {
  if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (value != "true" && value != "false") {
      return Bad(path, fmt::format("{} is neither true nor false", Quote(value)));
    }
    place.reflection().SetBool(place.message, place.field, value == "true");
    return {};
  }
  const auto* known = place.field->enum_type()->FindValueByName(std::string(value));
  if (known == nullptr || known->number() == 0) {
    return Bad(path, fmt::format("{} is not a value of it; use {}", Quote(value),
                                 AllowedValues(*place.field->enum_type())));
  }
  place.reflection().SetEnum(place.message, place.field, known);
  return {};
}

Result<> SetMessage(const Place& place, std::string_view path, std::string_view value) {
  Message* message = nullptr;
  if (place.index < 0) {
    message = place.reflection().MutableMessage(place.message, place.field);
  } else {
    message =
        place.index < place.size()
            ? place.reflection().MutableRepeatedMessage(place.message, place.field, place.index)
            : place.reflection().AddMessage(place.message, place.field);
  }
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(16);
  if (parser.ParseFromString(std::string(value), message)) return {};
  return Bad(path, error.text);
}

Result<> SetOne(const Place& place, std::string_view path, std::string_view value) {
  switch (place.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(place, std::string(value));
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetNumber(place, path, value);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(place, path, value);
    default:
      return SetWord(place, path, value);
  }
}

// A whole list from "a,b".
Result<> SetList(Place place, std::string_view path, std::string_view value) {
  if (place.field->message_type() != nullptr) {
    return Bad(path, fmt::format("is a list; set one element, as in {}[{}]", path, place.size()));
  }
  place.reflection().ClearField(place.message, place.field);
  while (true) {
    const size_t comma = value.find(',');
    place.index = place.size();
    if (const auto set = SetOne(place, path, value.substr(0, comma)); !set) return set;
    if (comma == std::string_view::npos) return {};
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<> SetField(config::v1::Config& config, std::string_view path, std::string_view value) {
  if (FindInvalidUtf8(value) != std::string_view::npos) return Bad(path, "the value is not UTF-8");
  config::v1::Config changed = config;
  const auto place = Find(changed, path);
  if (!place) return tl::make_unexpected(place.error());
  if (value.empty()) {
    Remove(*place);
  } else {
    const bool list = place->field->is_repeated() && place->index < 0;
    const auto set = list ? SetList(*place, path, value) : SetOne(*place, path, value);
    if (!set) return set;
  }
  config = std::move(changed);
  return {};
}

}  // namespace aloha::supervisor
