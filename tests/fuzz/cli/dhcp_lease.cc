// What a DHCP server says, from the environment of the client's script to the lease that is set:
// the first line is the script's argument, each other one a variable, NAME=VALUE.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "cli/lease.h"
#include "supervisor/config/address.h"
#include "supervisor/machine/lease.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void Check(const std::string& text) {
  std::istringstream lines(text);
  std::string reason, line;
  std::map<std::string, std::string> variables;
  std::getline(lines, reason);
  while (std::getline(lines, line)) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) variables[line.substr(0, equals)] = line.substr(equals + 1);
  }
  const auto report =
      aloha::cli::LeaseReport(reason, [&variables](const char* name) { return variables[name]; });
  if (!report || !*report) return;
  const auto lease = aloha::supervisor::CheckLease(**report, std::chrono::seconds(1));
  if (!lease) return;
  // It is used as it is.
  const auto own = aloha::supervisor::ParseNetwork(lease->address());
  Require(own && !own->address.v6 && own->prefix >= 8 && !own->address.IsMulticast());
  Require(lease->router().empty() ||
          own->Contains(*aloha::supervisor::ParseAddress(lease->router())));
  Require(lease->dns_server_size() <= 8 && lease->ntp_server_size() <= 8);
  Require(!aloha::supervisor::IsLastResort(*lease));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
