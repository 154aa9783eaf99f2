// Says everything that is wrong with a configuration at once: the second step of the pipeline.
// Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_VALIDATE_H_
#define ALOHA_SUPERVISOR_CONFIG_VALIDATE_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/v1/config.pb.h"
#include "supervisor/config/connected_networks.h"
#include "supervisor/config/parse.h"
#include "supervisor/config/problem.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// What a configuration may hold at most.
struct Limits {
  size_t virtual_services = 1000;  // and pools
  size_t listeners = 4096;
  size_t servers = 10'000;                // of all services together
  size_t error_pages = 32 * 1024 * 1024;  // bytes, counted in every HTTP service
};

// What the machine has, as far as a configuration may refer to it.
struct Facts {
  std::set<std::string> certificates;   // names of imported ones
  std::set<std::string> trust_anchors;  // names
  bool system_anchors = true;           // the operating system has trust anchors
  bool secrets_dir = false;             // --secrets-dir was given
  // At a start: a certificate, a trust anchor or a network that is not there may come later, and
  // what needs it waits.
  bool may_come = false;
  // What its interfaces are connected to; absent: nobody looked.
  std::optional<ConnectedNetworks> networks;
  // Reads the file of an error page; empty: files are not looked at.
  std::function<Result<std::string>(const std::string& file)> read_page;
  // Interfaces that could be managed; nothing: they are not looked at.
  std::optional<std::vector<std::string>> interfaces;
  Limits limits;
};

// Every error and warning, each with the path of its field; empty: nothing to say. At most 1,000,
// then one more says that there are others. A configuration without an error can be compiled.
std::vector<Problem> Validate(const config::v1::Config& config, const Facts& facts);

// Parse, validate and locate, in one call: what `--check`, Validate in the WUI and `alohactl config
// validate` do. Problems are sorted by line. A text that does not parse is not validated.
ParsedConfig CheckConfig(std::string_view text, const Facts& facts);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_VALIDATE_H_
