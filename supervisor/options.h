// The command line of aloha-supervisor.
#ifndef ALOHA_SUPERVISOR_OPTIONS_H_
#define ALOHA_SUPERVISOR_OPTIONS_H_

#include <string>

#include "workers/runtime/log.h"

namespace aloha::supervisor {

struct Options {
  std::string config = "/etc/aloha/aloha.textproto";
  std::string state_dir = "/var/lib/aloha";
  std::string run_dir = "/run/aloha";
  std::string secrets_dir;  // empty: none
  std::string license_keys = "/etc/aloha/license-keys.d";
  std::string user;  // only as root; empty: "aloha", else "nobody"
  std::string log_level = "info";
  std::string log_format = "text";
  bool check = false;  // validate and leave
  bool config_authoritative = false;
  std::string binary_dir;  // of this program; not an option
};

// Reads the arguments. Answers an exit code when there is nothing more to do (help, version, a
// mistake), else -1.
int ParseOptions(int argc, char** argv, Options* options);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_OPTIONS_H_
