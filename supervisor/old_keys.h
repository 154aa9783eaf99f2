// Private keys that no certificate has any more and that still sign, for handshakes which began
// before. Pure: time comes in as an argument.
#ifndef ALOHA_SUPERVISOR_OLD_KEYS_H_
#define ALOHA_SUPERVISOR_OLD_KEYS_H_

#include <chrono>
#include <map>
#include <string>

#include "worker/v1/snapshot.pb.h"

namespace aloha::supervisor {

class OldKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Handshakes that began with a certificate may go on so long when it is replaced.
  static constexpr std::chrono::seconds kKept{12};

  // `next` takes the place of `current`. Each key that goes is kept from now on, whatever is
  // replaced after it; one that comes back is old no more.
  void Replace(const worker::v1::KeysSnapshot& current, const worker::v1::KeysSnapshot& next,
               Time now);

  // Adds to `keys` those whose time is not over, and forgets the others.
  void AddKept(Time now, worker::v1::KeysSnapshot& keys);

 private:
  std::map<std::string, Time> ends_;  // by key
};

// Adds to `keys` those of `others` that it has not. True: there were some.
bool AddKeys(const worker::v1::KeysSnapshot& others, worker::v1::KeysSnapshot& keys);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_OLD_KEYS_H_
