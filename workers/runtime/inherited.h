// Descriptors that the supervisor gives to a fresh worker.
#ifndef ALOHA_WORKERS_RUNTIME_INHERITED_H_
#define ALOHA_WORKERS_RUNTIME_INHERITED_H_

namespace aloha {

// Listening SOCK_SEQPACKET socket on which supervisors attach themselves (see
// proto/worker/v1/descriptor.proto).
inline constexpr int kControlDescriptor = 3;
// File for the newest log lines, read by the supervisor after a crash.
inline constexpr int kJournalDescriptor = 4;

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_INHERITED_H_
