// What the machine has, as far as a configuration may refer to it.
#ifndef ALOHA_SUPERVISOR_FACTS_H_
#define ALOHA_SUPERVISOR_FACTS_H_

#include <string>
#include <vector>

#include "config/v1/state.pb.h"
#include "supervisor/config/validate.h"
#include "supervisor/options.h"

namespace aloha::supervisor {

// Where the certificates and trust anchors that were imported are kept: their public part.
std::string CertificatesPath(const Options& options);

// As the machine calls itself.
std::string MachineName();

// Interfaces of this machine that a configuration may manage: Ethernet of hardware, or, where there
// is none, any but loopback; in the order of their names.
std::vector<std::string> ManageableInterfaces();

// With what was imported; error pages are read from where the configuration says.
Facts GatherFacts(const Options& options, const config::v1::StoredCertificates& imported);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FACTS_H_
