// aloha-supervisor --check
#ifndef ALOHA_SUPERVISOR_CHECK_H_
#define ALOHA_SUPERVISOR_CHECK_H_

#include "supervisor/options.h"

namespace aloha::supervisor {

// Validates the configuration file and prints every finding to stderr. 0: it can run; 1: it cannot.
int CheckFile(const Options& options);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CHECK_H_
