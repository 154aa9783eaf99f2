// A terminal for questions: lines and single keys, nothing else, so that a serial line will do.
#ifndef ALOHA_CLI_CONSOLE_TERMINAL_H_
#define ALOHA_CLI_CONSOLE_TERMINAL_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace aloha::cli {

// Standard input and output. Not for use by several threads at once.
class ConsoleTerminal {
 public:
  // Standard input is a terminal.
  static bool IsThere();

  void Print(const std::string& text);

  // Shows `question` and waits for one key, at most so long. Nothing: no key came, or the terminal
  // is gone. What was typed before does not count.
  std::optional<char> AskKey(const std::string& question, std::chrono::seconds patience);

  // Shows "Use NAME (DEFAULT)? " and reads a line; an empty one means the default. `wrong` tells
  // what is wrong with an answer, or nothing; a wrong one is asked for again. Nothing: the terminal
  // is gone.
  std::optional<std::string> Ask(const std::string& name, const std::string& by_default,
                                 const std::function<std::string(const std::string&)>& wrong);

  // Shows a question whose answer is no unless it begins with "y". Nothing: the terminal is gone.
  std::optional<bool> AskYes(const std::string& question);

 private:
  std::optional<std::string> ReadLine();

  std::string begun_;  // of the next line, read already
};

}  // namespace aloha::cli

#endif  // ALOHA_CLI_CONSOLE_TERMINAL_H_
