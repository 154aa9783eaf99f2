// What a DHCP client tells its script, as the management API takes it.
#ifndef ALOHA_CLI_LEASE_H_
#define ALOHA_CLI_LEASE_H_

#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "admin/v1/network.pb.h"

namespace aloha::cli {

// A variable of the script's environment; empty where there is none.
using Variables = std::function<std::string(const char* name)>;

// The report for what udhcpc calls its script with: "bound", "renew", "nak", "leasefail"; nothing
// for what changes nothing ("deconfig" comes at its start as well). The values come from the
// network: whatever is no plain text of the expected length is left out, and the supervisor judges
// the rest. The error, one line, is for people.
tl::expected<std::optional<::aloha::admin::v1::ReportLeaseRequest>, std::string> LeaseReport(
    const std::string& reason, const Variables& variables);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_LEASE_H_
