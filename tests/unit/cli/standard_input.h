// Standard input for tests: a pipe or a terminal with something in it.
#ifndef ALOHA_TESTS_UNIT_CLI_STANDARD_INPUT_H_
#define ALOHA_TESTS_UNIT_CLI_STANDARD_INPUT_H_

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <string>

namespace aloha::cli {

// Replaces the process's standard input while it lives.
class StandardInput {
 public:
  enum Kind { kPipe, kTerminal };

  explicit StandardInput(const std::string& text, Kind kind = kPipe) : before_(dup(STDIN_FILENO)) {
    int ends[2];
    EXPECT_EQ(kind == kPipe ? pipe(ends) : openpty(&ends[1], &ends[0], nullptr, nullptr, nullptr),
              0);
    writer_ = ends[1];
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    EXPECT_EQ(write(writer_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    if (kind == kPipe) {
      close(writer_);
      writer_ = -1;
    }
  }
  ~StandardInput() {
    dup2(before_, STDIN_FILENO);
    close(before_);
    if (writer_ >= 0) close(writer_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

  // The other side of the terminal; -1 for a pipe.
  int writer() const { return writer_; }

 private:
  int before_;
  int writer_ = -1;
};

}  // namespace aloha::cli

#endif  // ALOHA_TESTS_UNIT_CLI_STANDARD_INPUT_H_
