// Where other machines reach this one.
#ifndef ALOHA_SUPERVISOR_MACHINE_MACHINE_ADDRESSES_H_
#define ALOHA_SUPERVISOR_MACHINE_MACHINE_ADDRESSES_H_

#include <string>
#include <vector>

namespace aloha::supervisor {

// The numeric addresses of its interfaces now, at most 32; without loopback and link-local IPv6
// ones.
std::vector<std::string> MachineAddresses();

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MACHINE_MACHINE_ADDRESSES_H_
