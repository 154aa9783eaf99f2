#include "supervisor/firmware/version.h"

#include <algorithm>
#include <cstddef>

namespace aloha::supervisor {
namespace {

constexpr size_t kLongest = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// "~" before the end, the end before letters, letters before the rest.
int OrderOf(std::string_view rest) {
  if (rest.empty() || IsDigit(rest.front())) return 0;
  const char c = rest.front();
  if (c == '~') return -1;
  return IsLetter(c) ? c : c + 256;
}

// Takes the digits at the beginning, without zeros before them.
std::string_view TakeNumber(std::string_view& rest) {
  const auto digits =
      static_cast<size_t>(std::find_if_not(rest.begin(), rest.end(), IsDigit) - rest.begin());
  std::string_view number = rest.substr(0, digits);
  rest.remove_prefix(digits);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

// Parts without and with digits in turn.
int CompareParts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !IsDigit(a.front())) || (!b.empty() && !IsDigit(b.front()))) {
      const int order = OrderOf(a) - OrderOf(b);
      if (order != 0) return order;
      if (!a.empty()) a.remove_prefix(1);
      if (!b.empty()) b.remove_prefix(1);
    }
    const std::string_view number_a = TakeNumber(a), number_b = TakeNumber(b);
    if (number_a.size() != number_b.size()) return number_a.size() < number_b.size() ? -1 : 1;
    if (const int order = number_a.compare(number_b); order != 0) return order;
  }
  return 0;
}

std::string_view RevisionOf(std::string_view version) {
  const size_t dash = version.rfind('-');
  return dash == version.npos ? std::string_view("0") : version.substr(dash + 1);
}

}  // namespace

bool IsFirmwareVersion(std::string_view text) {
  if (text.size() > kLongest) return false;
  const size_t dash = text.find('-');
  std::string_view numbers = text.substr(0, dash);
  for (int part = 0; part < 3; ++part) {
    if (part > 0) {
      if (numbers.empty() || numbers.front() != '.') return false;
      numbers.remove_prefix(1);
    }
    if (numbers.empty() || !IsDigit(numbers.front())) return false;
    (void)TakeNumber(numbers);
  }
  if (!numbers.empty()) return false;
  if (dash == text.npos) return true;
  const std::string_view revision = text.substr(dash + 1);
  return !revision.empty() && std::all_of(revision.begin(), revision.end(), [](char c) {
    return IsDigit(c) || IsLetter(c) || c == '.' || c == '+' || c == '~';
  });
}

int CompareVersions(std::string_view a, std::string_view b) {
  const int order = CompareParts(a.substr(0, a.rfind('-')), b.substr(0, b.rfind('-')));
  return order != 0 ? order : CompareParts(RevisionOf(a), RevisionOf(b));
}

}  // namespace aloha::supervisor
