// Where a configuration names certificates and trust anchors. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_REFERENCES_H_
#define ALOHA_SUPERVISOR_CONFIG_REFERENCES_H_

#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"

namespace aloha::supervisor {

// Paths of the fields that name the certificate, whether their area is in use or not:
// "http.certificate", "virtual_service[0].listener[1].tls.certificate". What runs with a
// self-signed certificate because it names none counts as naming it.
std::vector<std::string> UsesOfCertificate(const config::v1::Config& config,
                                           const std::string& name);
// The same for a trust anchor: "http.server_tls.ca".
std::vector<std::string> UsesOfTrustAnchor(const config::v1::Config& config,
                                           const std::string& name);

// Names of the self-signed certificates that stand in where the listeners of administrators name
// none; of the areas' clients it is kSelfSigned.
inline constexpr char kWebStandIn[] = "wui";
inline constexpr char kRemoteStandIn[] = "mgmt";

// The certificate that a listener of administrators shows.
struct ManagementCertificate {
  bool used = false;       // the listener is enabled
  bool stands_in = false;  // the configuration names none
  std::string name;
};
ManagementCertificate WebCertificateOf(const config::v1::Config& config);
ManagementCertificate RemoteCertificateOf(const config::v1::Config& config);

// The configuration runs with these stand-ins, which are not there.
std::vector<std::string> LackingStandIns(const config::v1::Config& config,
                                         const config::v1::StoredCertificates& certificates);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_REFERENCES_H_
