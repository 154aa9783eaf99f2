// The whole of alohactl but its process: from arguments to exit code.
#ifndef ALOHA_CLI_PROGRAM_H_
#define ALOHA_CLI_PROGRAM_H_

#include <CLI/App.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cli/command.h"

namespace aloha::cli {

// Runs one command line (without the name of the program). `terminal`: `out` is one. Returns the
// exit code.
int RunProgram(std::vector<std::string> arguments, std::ostream& out, std::ostream& err,
               bool terminal);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_PROGRAM_H_
