// Which new passwords are accepted.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "supervisor/access/password.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

// common_passwords.txt, as CMake made it a list.
constexpr const char* kCommon[] = {
#include "common_passwords.inc"
};
// Neighbours on a keyboard or in a row, forwards; backwards counts as well.
constexpr std::string_view kRows[] = {
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertzuiop",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!@#$%^&*()",
};
constexpr size_t kRun = 4;  // characters in a row that count as a run
constexpr size_t kMostDigitsOfYear = 4;
constexpr size_t kFewestDistinct = 5;  // characters that must be left of a password

char PlainLetter(char c) {
  switch (c) {
    case '0':
      return 'o';
    case '1':
    case '!':
      return 'l';
    case '3':
      return 'e';
    case '4':
    case '@':
      return 'a';
    case '5':
    case '$':
      return 's';
    case '7':
      return 't';
    default:
      return c;
  }
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Which bytes of a password anybody would guess.
class Guess {
 public:
  explicit Guess(std::string_view password)
      : text_(Lower(password)), plain_(text_), guessed_(text_.size(), false) {
    for (char& c : plain_) c = PlainLetter(c);
  }

  void Word(std::string_view word) {
    if (word.size() < 3) return;
    for (const std::string* text : {&text_, &plain_}) {
      for (size_t at = text->find(word); at != std::string::npos; at = text->find(word, at + 1))
        Mark(at, word.size());
    }
  }
  void Rows() {
    for (size_t at = 0; at + kRun <= text_.size(); ++at) {
      const std::string_view run = std::string_view(text_).substr(at, kRun);
      const std::string back(run.rbegin(), run.rend());
      const bool in_row = std::any_of(std::begin(kRows), std::end(kRows), [&](auto row) {
        return row.find(run) != std::string_view::npos || row.find(back) != std::string_view::npos;
      });
      if (in_row) Mark(at, kRun);
    }
  }
  void Years() {
    for (size_t at = 0; at + kMostDigitsOfYear <= text_.size(); ++at) {
      const std::string_view four = std::string_view(text_).substr(at, kMostDigitsOfYear);
      const bool digits =
          std::all_of(four.begin(), four.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (digits && (four.starts_with("19") || four.starts_with("20"))) Mark(at, kMostDigitsOfYear);
    }
  }
  // Different characters among those that are left.
  size_t Distinct() const {
    std::set<char> left;
    for (size_t i = 0; i < text_.size(); ++i) {
      if (!guessed_[i]) left.insert(text_[i]);
    }
    return left.size();
  }

 private:
  void Mark(size_t at, size_t length) {
    std::fill_n(guessed_.begin() + static_cast<std::ptrdiff_t>(at), length, true);
  }

  std::string text_, plain_;
  std::vector<bool> guessed_;
};

}  // namespace

Result<> CheckNewPassword(std::string_view user, const std::string& password,
                          std::string_view field) {
  const auto refuse = [field](std::string why) -> Result<> {
    return Fail(Code::kInvalidArgument, std::move(why), std::string(field));
  };
  if (password.size() > kLongestPassword)
    return refuse(fmt::format("a password has at most {} bytes", kLongestPassword));
  if (CountCharacters(password) < kShortestPassword) {
    return refuse(
        fmt::format("too short: a password has at least {} characters; some words that "
                    "have nothing to do with each other are easy to keep in mind",
                    kShortestPassword));
  }
  if (!IsPlainText(password)) return refuse("a password has no control characters");
  Guess guess(password);
  if (guess.Distinct() < kFewestDistinct)
    return refuse("too few different characters; it would soon be guessed");
  guess.Word(Lower(user));
  for (const char* word : kCommon) guess.Word(word);
  guess.Rows();
  guess.Years();
  if (guess.Distinct() < kFewestDistinct) {
    return refuse(
        "too easily guessed: common words, the user's name, years and rows of keys count for "
        "nothing, and what is left is too little");
  }
  return {};
}

}  // namespace aloha::supervisor
