// The keys that encrypt TLS session tickets (RFC 5077, RFC 8446 section 4.6.1), the same for every
// process that resumes sessions. Kept in the run folder, so that tickets outlive restarts of every
// process, but not a boot.
#ifndef ALOHA_SUPERVISOR_CERTIFICATES_TICKET_KEYS_H_
#define ALOHA_SUPERVISOR_CERTIFICATES_TICKET_KEYS_H_

#include <chrono>
#include <string>

#include "config/v1/state.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

class TicketKeys {
 public:
  using TimePoint = std::chrono::system_clock::time_point;

  // A key makes new tickets for this long …
  static constexpr std::chrono::seconds kRotation = std::chrono::hours(1);
  // … and tickets of this many keys resume sessions.
  static constexpr int kKept = 3;
  // … with those of the other node.
  static constexpr int kKeptOfBoth = 2 * kKept;

  explicit TicketKeys(std::string path) : path_(std::move(path)) {}

  // Reads what an earlier supervisor kept; none is no error.
  Result<> Load();

  // Makes a new key when there is none, or the newest has had its time or comes from the future
  // (the clock was set back), and forgets those whose tickets are too old. An error: the new key
  // serves, but could not be kept.
  Result<> Rotate(TimePoint now);

  // Takes keys of the other node beside its own, so that tickets of either resume on both; the
  // newest of all makes new tickets. True: they are others now. An error: they serve, but could not
  // be kept.
  Result<bool> Merge(const config::v1::TicketKeys& others, TimePoint now);

  // When Rotate has something to do.
  TimePoint due() const;

  // The one for new tickets first; empty before the first Rotate.
  const config::v1::TicketKeys& keys() const { return keys_; }

 private:
  static bool IsAlive(const worker::v1::TicketKey& key, TimePoint now);

  const std::string path_;
  config::v1::TicketKeys keys_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CERTIFICATES_TICKET_KEYS_H_
