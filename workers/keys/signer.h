// Answers single sign requests: which key, whether it may, what it counts.
#ifndef ALOHA_WORKERS_KEYS_SIGNER_H_
#define ALOHA_WORKERS_KEYS_SIGNER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "handoff/v1/handoff.pb.h"
#include "workers/keys/private_key.h"
#include "workers/keys/rate_gate.h"
#include "workers/runtime/log.h"

namespace aloha::keys {

// A key with what is known of its use. Shared by the tables that hold it.
struct HeldKey {
  explicit HeldKey(PrivateKey k) : key(std::move(k)) {}

  const PrivateKey key;
  std::atomic<uint64_t> signatures{0};
  std::atomic<uint64_t> refused{0};
  RateGate gate;
};

// Which keys there are, and which of them may sign. Immutable.
struct KeyTable {
  struct Entry {
    std::shared_ptr<HeldKey> held;
    bool enabled = false;
  };
  std::map<KeyHash, Entry> keys;
  uint32_t max_signatures_per_second = 0;  // of each key; 0: no bound
  uint32_t max_of_all_per_second = 0;      // of all keys together; 0: no bound
};

// Methods may be called on any thread.
class Signer {
 public:
  // The log outlives the signer.
  explicit Signer(Log& log) : log_(log), table_(std::make_shared<KeyTable>()) {}

  void Use(std::shared_ptr<const KeyTable> table);
  // Signs, or refuses with a reason; counts and logs either. now_ns: of a steady clock.
  handoff::v1::SignResponse Answer(const handoff::v1::SignRequest& request, int64_t now_ns);
  // A packet that is no SignRequests came.
  void CountMalformed(int64_t now_ns);

  // Requests that were no TLS signature.
  uint64_t malformed() const { return malformed_.load(std::memory_order_relaxed); }

 private:
  Result<std::string> Sign(const handoff::v1::SignRequest& request, int64_t now_ns);
  // One line in ten seconds; the next one tells how many were left out.
  void LogRefusal(const std::string& text, int64_t now_ns);

  Log& log_;
  std::atomic<uint64_t> malformed_{0};
  std::mutex mutex_;
  std::shared_ptr<const KeyTable> table_;
  RateGate gate_;
  int64_t next_line_ns_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_SIGNER_H_
