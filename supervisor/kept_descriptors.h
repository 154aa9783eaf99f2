// The descriptors that outlive workers: listening sockets, raw sockets of VRRP, and the memory of
// stick tables.
#ifndef ALOHA_SUPERVISOR_KEPT_DESCRIPTORS_H_
#define ALOHA_SUPERVISOR_KEPT_DESCRIPTORS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "supervisor/process.h"
#include "supervisor/target.h"
#include "worker/v1/roles.pb.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

class KeptDescriptors {
 public:
  // Takes what the worker sent: fresh sockets, or what an adopted worker held.
  void Receive(Process& process);
  // What aloha-system must open for `next`, because it is not here.
  worker::v1::BindRequest Missing(const Target& next) const;
  // kInternal when something of it is not here either.
  Result<> Expect(const worker::v1::BindRequest& request) const;
  // Makes the memory of stick tables that have none of the right size.
  Result<> MakeTables(const Target& next);
  // The memory of a stick table and the number of its places; the descriptor stays here. Nothing:
  // there is none.
  std::optional<std::pair<int, uint32_t>> StickMemoryOf(const std::string& table) const;
  // Closes what the target does not name.
  void DropUnused(const Target& target);

  // Sends the process all that its role needs of the target.
  Result<> SendAll(const Process& process, const Target& target) const;
  // The same, without the sockets that it needed for `running` already.
  Result<> SendNew(const Process& process, const Target& running, const Target& next) const;

 private:
  using ListenerName = std::pair<std::string, uint32_t>;  // address, port
  using VrrpSocketName = std::pair<std::string, bool>;    // interface, IPv6
  struct StickMemory {
    uint32_t max_entries = 0;
    UniqueFd memory;
  };

  std::map<ListenerName, UniqueFd> listeners_;
  std::map<VrrpSocketName, UniqueFd> vrrp_sockets_;
  std::map<std::string, StickMemory> tables_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_KEPT_DESCRIPTORS_H_
