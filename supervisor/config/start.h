// Which configuration runs at start.
#ifndef ALOHA_SUPERVISOR_CONFIG_START_H_
#define ALOHA_SUPERVISOR_CONFIG_START_H_

#include <string>
#include <vector>

#include "supervisor/config/store.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {

struct StartOptions {
  std::string file;            // --config
  bool authoritative = false;  // --config-authoritative
  Facts facts;
};

enum class StartOrigin { kRunning, kSaved, kHistory, kFile, kFactory };

struct StartChoice {
  ConfigVersion version;  // number 0 when it is not in the history yet (kFile, kFactory)
  StartOrigin origin = StartOrigin::kFactory;
  // What was passed over and why, and what runs instead; one sentence each. Empty: nothing unusual.
  std::vector<std::string> events;
};

// Finds a configuration without errors: there is always one.
//   after a crash        the running one
//   after a boot         the saved one
//   on the first start   FILE
// Authoritative: FILE before all others. Where what should run is broken or invalid, the newest
// good version of the history runs; where there is nothing else, the factory's.
StartChoice ChooseStart(const ConfigStore& store, const StartOptions& options);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_START_H_
