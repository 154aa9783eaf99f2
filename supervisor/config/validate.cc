#include "supervisor/config/validate.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "supervisor/config/checks.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void CheckText(const std::string& path, const std::string& text, Checker& check) {
  if (IsPlainText(text)) return;
  if (FindInvalidUtf8(text) != std::string::npos) {
    check.Error(path, fmt::format("{} is not UTF-8", Quote(text)));
  } else {
    check.Error(path, fmt::format("{} has control characters; leave them out", Quote(text)));
  }
}

// proto3 takes any number for an enum; number 0 is what nobody means.
void CheckEnum(const std::string& path, const EnumDescriptor& type, int number, Checker& check) {
  const auto* value = type.FindValueByNumber(number);
  if (value != nullptr && number != 0) return;
  check.Error(path, fmt::format("{} is not a value of it; use {}",
                                value != nullptr ? value->name() : std::to_string(number),
                                AllowedValues(type)));
}

void CheckMessage(const std::string& path, const Message& message, Checker& check) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const bool repeated = field->is_repeated();
      const std::string name =
          JoinPath(path, repeated ? IndexPath(field->name(), i) : field->name());
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        CheckMessage(name,
                     repeated ? reflection.GetRepeatedMessage(message, field, i)
                              : reflection.GetMessage(message, field),
                     check);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        CheckText(name,
                  repeated ? reflection.GetRepeatedString(message, field, i)
                           : reflection.GetString(message, field),
                  check);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        CheckEnum(name, *field->enum_type(),
                  repeated ? reflection.GetRepeatedEnumValue(message, field, i)
                           : reflection.GetEnumValue(message, field),
                  check);
      }
    }
  }
}

}  // namespace

void ValidateValues(const config::v1::Config& config, Checker& check) {
  CheckMessage("", config, check);
}

std::vector<Problem> Validate(const config::v1::Config& config, const Facts& facts) {
  // Certificates from files count as at hand: the keys worker reads them when it gets the
  // configuration.
  Facts known = facts;
  Checker check(known);
  for (int i = 0; i < config.certificate_file_size(); ++i) {
    const std::string& name = config.certificate_file(i).name();
    known.certificates.insert(name);
    if (!facts.certificates.contains(name)) continue;
    check.Error(IndexPath("certificate_file", i) + ".name",
                fmt::format("{} is the name of an imported certificate; rename one", Quote(name)));
  }
  for (const auto part : {ValidateValues, ValidateManagement, ValidateNetwork,
                          ValidateHighAvailability, ValidateExchange, ValidateExchangeAdvice,
                          ValidateVirtualServices, ValidateOthers, ValidateClashes}) {
    part(config, check);
  }
  return check.TakeProblems();
}

ParsedConfig CheckConfig(std::string_view text, const Facts& facts) {
  ParsedConfig parsed = ParseConfig(text);
  if (!HasErrors(parsed.problems)) {
    parsed.problems = Validate(parsed.config, facts);
    parsed.source.Locate(parsed.problems);
  }
  SortProblems(parsed.problems);
  return parsed;
}

}  // namespace aloha::supervisor
