// alohactl: manages Aloha from the command line, over the management API (aloha.admin.v1) and
// nothing else. Reads no configuration of its own and keeps no state. Exit codes: see cli/client.h
// and alohactl(1).
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/program.h"

int main(int argc, char** argv) {
  // What goes wrong is said by alohactl, once; the libraries' own logs would only be noise around
  // it.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  google::protobuf::SetLogHandler(nullptr);
  // A reader that goes away ("alohactl log tail | head") is no failure.
  std::signal(SIGPIPE, [](int) { _exit(0); });
  std::ios::sync_with_stdio(false);
  return aloha::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                std::cerr, isatty(STDOUT_FILENO) != 0);
}
