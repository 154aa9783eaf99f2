// Stick entries as nodes tell them each other: servers by name, times relative. Pure but for the
// table.
#ifndef ALOHA_SUPERVISOR_PEERS_STICK_ENTRIES_H_
#define ALOHA_SUPERVISOR_PEERS_STICK_ENTRIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/v1/push.pb.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/net/stick_table.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// As the tables count: milliseconds of CLOCK_MONOTONIC.
uint64_t StickClockMs();

// Adds those whose servers `running` has, and which have not expired.
void AddEntries(const std::vector<net::StickTable::Entry>& entries,
                const worker::v1::ProxySnapshot& running, uint64_t now_ms,
                peer::v1::StickTableEntries& out);

// kInvalidArgument: more entries or servers than one message may have.
Result<> CheckEntries(const peer::v1::PushStickEntriesRequest& request);

// Does what the message says about one table: forgets, then takes what is newer. Entries that are
// none, or name servers that `running` has not, are passed over; none lives longer than if it were
// made now. How many were taken.
uint32_t TakeEntries(const peer::v1::StickTableEntries& entries,
                     const worker::v1::ProxySnapshot& running, uint64_t now_ms,
                     net::StickTable& table);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_STICK_ENTRIES_H_
