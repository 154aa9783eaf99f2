// What the machine has, as far as a configuration may refer to it.
#ifndef ALOHA_SUPERVISOR_FACTS_H_
#define ALOHA_SUPERVISOR_FACTS_H_

#include "supervisor/config/validate.h"
#include "supervisor/options.h"

namespace aloha::supervisor {

// Certificates are the files NAME.pem of STATE_DIR/certificates, trust anchors those of
// STATE_DIR/ca; error pages are read from where the configuration says.
Facts GatherFacts(const Options& options);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FACTS_H_
