// How handshakes on one listener, or with servers of one name, ended.
#ifndef ALOHA_WORKERS_TLS_HANDSHAKE_STATS_H_
#define ALOHA_WORKERS_TLS_HANDSHAKE_STATS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/net/histogram.h"

namespace aloha::tls {

// Why a handshake failed.
enum class Failure {
  kTimeout,
  kClientClosed,  // the end of the stream or a reset
  kServerClosed,
  kAlert,  // the other side said why: the log line has it
  kNoSharedVersion,
  kNoSharedCipher,
  kNoSharedAlpn,
  kProtocolError,
  kTooMany,
  kDenied,
  kNoSignature,
  kUntrusted,
  kHelloTooLarge,
  kNotTls,
  kNoProxy,  // done, but aloha-proxy did not take it in time
  kOther,
};
inline constexpr size_t kFailures = static_cast<size_t>(Failure::kOther) + 1;
// The stable word of worker.v1.HandshakeStats.
const char* FailureWord(Failure failure);

class HandshakeStats {
 public:
  // threads: how many count here.
  explicit HandshakeStats(uint32_t threads) : threads_(threads) {}

  // On the thread of this index. version: 0x0301 to 0x0304; cipher: IANA number.
  void CountSuccess(uint32_t thread, uint16_t version, uint16_t cipher, bool resumed,
                    uint64_t duration_us);
  void CountFailure(uint32_t thread, Failure failure);

  // The caller keeps these two from running at once.
  void Fill(worker::v1::HandshakeStats& stats) const;
  void Reset();

 private:
  static constexpr size_t kVersions = 4, kSuites = 14;
  // One per pair of version and suite, then resumptions, then failures.
  static constexpr size_t kResumed = kVersions * kSuites, kFirstFailure = kResumed + 1;
  static constexpr size_t kCounters = kFirstFailure + kFailures;

  // Written by one thread, without a locked instruction.
  struct Cells {
    std::array<std::atomic<uint64_t>, kCounters> counters{};
    net::Histogram duration;
  };

  void Count(uint32_t thread, size_t counter);
  uint64_t Sum(size_t counter) const;

  std::vector<Cells> threads_;
  std::array<uint64_t, kCounters> at_reset_{};
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_HANDSHAKE_STATS_H_
