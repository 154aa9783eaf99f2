#include "supervisor/config/path.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <charconv>

#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_";

}  // namespace

Result<std::vector<PathStep>> ParsePath(std::string_view path) {
  const auto bad = [&] {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} is not the path of a field; write it as in imap.mode or "
                            "cas_server[0].address",
                            Quote(path)),
                std::string(path));
  };
  std::vector<PathStep> steps;
  std::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    std::string_view word = rest.substr(0, dot);
    PathStep step;
    if (const size_t bracket = word.find('['); bracket != std::string_view::npos) {
      if (word.back() != ']') return bad();
      const std::string_view digits = word.substr(bracket + 1, word.size() - bracket - 2);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), step.index);
      if (error != std::errc() || end != digits.data() + digits.size() || step.index < 0) {
        return bad();
      }
      word = word.substr(0, bracket);
    }
    if (word.empty() || word.find_first_not_of(kNameCharacters) != word.npos) return bad();
    step.name = word;
    steps.push_back(std::move(step));
    if (dot == std::string_view::npos) return steps;
    rest = rest.substr(dot + 1);
  }
}

std::string JoinPath(std::string_view parent, std::string_view field) {
  return parent.empty() ? std::string(field) : fmt::format("{}.{}", parent, field);
}

std::string IndexPath(std::string_view field, int index) {
  return fmt::format("{}[{}]", field, index);
}

std::string AllowedValues(const google::protobuf::EnumDescriptor& type) {
  std::string list;
  // Value 0 is ..._UNSPECIFIED, which nobody writes.
  for (int i = 1; i < type.value_count(); ++i) {
    if (i > 1) list += i + 1 == type.value_count() ? " or " : ", ";
    list += type.value(i)->name();
  }
  return list;
}

}  // namespace aloha::supervisor
