// What the settings of high availability mean, for validation and compilation. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_HIGH_AVAILABILITY_H_
#define ALOHA_SUPERVISOR_CONFIG_HIGH_AVAILABILITY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "supervisor/config/address.h"
#include "supervisor/config/connected_networks.h"

namespace aloha::supervisor {

// This node shares virtual addresses with others.
bool SharesAddresses(const config::v1::Config& config);

// As written, or by the families: 2, with IPv6 addresses 3.
uint32_t VrrpVersion(const config::v1::HighAvailability& ha);

// The virtual addresses of one family, as written, in their order; what is no address is left out.
std::vector<Network> VirtualAddressesOf(const config::v1::HighAvailability& ha, bool v6);
bool SharesFamily(const config::v1::HighAvailability& ha, bool v6);

// The interface of the virtual addresses of a family: the one that is named, or the one whose
// network, set up by this configuration or found on this machine, has one of them. Empty: there is
// none.
std::string VirtualInterface(const config::v1::Config& config, const ConnectedNetworks& networks,
                             bool v6);
// Why VirtualInterface found none, as it follows "missing; ".
std::string WhyNoInterface(const config::v1::HighAvailability& ha, bool v6);

// "IPv4", "IPv6".
const char* FamilyName(bool v6);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_HIGH_AVAILABILITY_H_
