#include "cli/console_terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <string_view>
#include <utility>

#include "cli/output.h"

namespace aloha::cli {
namespace {

constexpr size_t kLongestLine = 256;
constexpr int kEnterBehindKey = 700;  // milliseconds

// While it lives, each key is read as it is typed, and not shown.
class SingleKeys {
 public:
  SingleKeys() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios settings = before_;
    settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0;
  }
  ~SingleKeys() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  SingleKeys(const SingleKeys&) = delete;
  SingleKeys& operator=(const SingleKeys&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

}  // namespace

bool ConsoleTerminal::IsThere() { return isatty(STDIN_FILENO) != 0; }

void ConsoleTerminal::Print(const std::string& text) { std::cout << text << std::flush; }

std::optional<char> ConsoleTerminal::AskKey(const std::string& question,
                                            std::chrono::seconds patience) {
  const SingleKeys keys;
  Print(question);
  pollfd terminal{STDIN_FILENO, POLLIN, 0};
  char key = 0;
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  const bool typed =
      poll(&terminal, 1, static_cast<int>(most)) > 0 && read(STDIN_FILENO, &key, 1) == 1;
  Print(typed ? Printable(std::string_view(&key, 1)) + "\n" : "\n");
  if (!typed) return std::nullopt;
  // Who types Enter behind the key means nothing by it; anything else begins the next answer.
  char next = 0;
  if (key != '\n' && poll(&terminal, 1, kEnterBehindKey) > 0 && read(STDIN_FILENO, &next, 1) == 1 &&
      next != '\n') {
    Print(Printable(std::string_view(&next, 1)));
    begun_ = next;
  }
  return key;
}

std::optional<std::string> ConsoleTerminal::ReadLine() {
  std::string line = std::exchange(begun_, {});
  char byte = 0;
  ssize_t got = 0;
  while ((got = read(STDIN_FILENO, &byte, 1)) == 1 && byte != '\n') {
    if (line.size() < kLongestLine) line += byte;
  }
  if (got != 1) return std::nullopt;
  const size_t begin = line.find_first_not_of(" \t\r"), end = line.find_last_not_of(" \t\r");
  return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
}

std::optional<std::string> ConsoleTerminal::Ask(
    const std::string& name, const std::string& by_default,
    const std::function<std::string(const std::string&)>& wrong) {
  for (;;) {
    Print(fmt::format("Use {} ({})? ", name, by_default));
    std::optional<std::string> line = ReadLine();
    if (!line) return std::nullopt;
    const std::string answer = line->empty() ? by_default : *line;
    const std::string problem = wrong(answer);
    if (problem.empty()) return answer;
    Print(fmt::format("\"{}\" {}\n", Printable(answer), problem));
  }
}

std::optional<bool> ConsoleTerminal::AskYes(const std::string& question) {
  Print(question);
  const std::optional<std::string> line = ReadLine();
  if (!line) return std::nullopt;
  return line->starts_with('y') || line->starts_with('Y');
}

}  // namespace aloha::cli
