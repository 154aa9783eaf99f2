// Where a configuration names certificates and trust anchors. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_REFERENCES_H_
#define ALOHA_SUPERVISOR_CONFIG_REFERENCES_H_

#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"

namespace aloha::supervisor {

// Paths of the fields that name the certificate, whether their area is in use or not:
// "http.certificate", "virtual_service[0].listener[1].tls.certificate". An area that runs with the
// self-signed certificate because it names none counts as naming it.
std::vector<std::string> UsesOfCertificate(const config::v1::Config& config,
                                           const std::string& name);
// The same for a trust anchor: "http.server_tls.ca".
std::vector<std::string> UsesOfTrustAnchor(const config::v1::Config& config,
                                           const std::string& name);

// An area runs with the self-signed certificate, which is not there.
bool LacksSelfSigned(const config::v1::Config& config,
                     const config::v1::StoredCertificates& certificates);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_REFERENCES_H_
