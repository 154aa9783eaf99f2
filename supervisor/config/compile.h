// From what an administrator edits to what workers run: the third step of the pipeline. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_COMPILE_H_
#define ALOHA_SUPERVISOR_CONFIG_COMPILE_H_

#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"
#include "worker/v1/snapshot.pb.h"

namespace aloha::supervisor {

enum class AreaState {
  kDisabled,
  kIncomplete,  // enabled, but without servers: not bound
  kOk,
};
// "DISABLED", "INCOMPLETE", "OK".
const char* AreaStateName(AreaState state);

// One Exchange area and what became of it.
struct CompiledArea {
  std::string name;  // "imap"
  AreaState state = AreaState::kDisabled;
  std::string reason;                 // why it is incomplete, or empty
  std::vector<std::string> services;  // names of its virtual services
};

struct Compiled {
  worker::v1::ProxySnapshot proxy;
  worker::v1::HealthSnapshot health;
  worker::v1::SystemSnapshot system;
  std::vector<CompiledArea> areas;  // all five, in the order of the configuration
};

// Compiles a configuration that Validate found no error in. `states` are the administrators' wishes
// about servers, `cores` what "one thread per core" means here. The same input makes the same
// output, byte for byte.
Compiled Compile(const config::v1::Config& config, const config::v1::ServerStates& states,
                 uint32_t cores);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_COMPILE_H_
