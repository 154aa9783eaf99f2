// Leases of DHCP (RFC 2131, RFC 2132): what a client reports, checked, and the address of last
// resort. Pure.
#ifndef ALOHA_SUPERVISOR_MACHINE_LEASE_H_
#define ALOHA_SUPERVISOR_MACHINE_LEASE_H_

#include <chrono>
#include <string>

#include "admin/v1/network.pb.h"
#include "config/v1/state.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// kInvalidArgument where it has an address that no machine may have, or a server that is no
// address. A router outside of its network is left out. `now`: see BootTime.
Result<config::v1::NetworkLease> CheckLease(const admin::v1::ReportLeaseRequest& report,
                                            std::chrono::microseconds now);

// 192.168.0.200/24, where nobody answers, and where a lease ended: nobody may go on with an address
// that was given for a time, and the machine must not be without one. It never ends.
config::v1::NetworkLease LastResort(const std::string& interface);
bool IsLastResort(const config::v1::NetworkLease& lease);

// The same address, router and servers: a mere renewal.
bool SameLease(config::v1::NetworkLease a, config::v1::NetworkLease b);

// As the management API tells it.
admin::v1::Lease DescribeLease(const config::v1::NetworkLease& lease,
                               std::chrono::microseconds now);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MACHINE_LEASE_H_
