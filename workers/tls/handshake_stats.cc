#include "workers/tls/handshake_stats.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <string>

#include "workers/net/tls_records.h"

namespace aloha::tls {
namespace {

// Those that any profile has; the last stands for every other.
constexpr std::array<uint16_t, 14> kSuiteNumbers = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c,
                                                    0xc02f, 0xc030, 0xcca8, 0xcca9, 0xc009,
                                                    0xc00a, 0xc013, 0xc014, 0};

}  // namespace

const char* FailureWord(Failure failure) {
  switch (failure) {
    case Failure::kTimeout:
      return "timeout";
    case Failure::kClientClosed:
      return "client_closed";
    case Failure::kServerClosed:
      return "server_closed";
    case Failure::kAlert:
      return "alert";
    case Failure::kNoSharedVersion:
      return "no_shared_version";
    case Failure::kNoSharedCipher:
      return "no_shared_cipher";
    case Failure::kNoSharedAlpn:
      return "no_shared_alpn";
    case Failure::kProtocolError:
      return "protocol_error";
    case Failure::kTooMany:
      return "too_many";
    case Failure::kDenied:
      return "denied";
    case Failure::kNoSignature:
      return "no_signature";
    case Failure::kUntrusted:
      return "untrusted";
    case Failure::kHelloTooLarge:
      return "hello_too_large";
    case Failure::kNotTls:
      return "not_tls";
    case Failure::kNoProxy:
      return "no_proxy";
    case Failure::kOther:
      break;
  }
  return "other";
}

void HandshakeStats::Count(uint32_t thread, size_t counter) {
  auto& cell = threads_[thread].counters[counter];
  cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void HandshakeStats::CountSuccess(uint32_t thread, uint16_t version, uint16_t cipher, bool resumed,
                                  uint64_t duration_us) {
  const auto suite = std::find(kSuiteNumbers.begin(), kSuiteNumbers.end() - 1, cipher);
  const size_t row = std::clamp<size_t>(version, TLS1_VERSION, TLS1_3_VERSION) - TLS1_VERSION;
  Count(thread, row * kSuites + static_cast<size_t>(suite - kSuiteNumbers.begin()));
  if (resumed) Count(thread, kResumed);
  threads_[thread].duration.Add(duration_us);
}

void HandshakeStats::CountFailure(uint32_t thread, Failure failure) {
  Count(thread, kFirstFailure + static_cast<size_t>(failure));
}

uint64_t HandshakeStats::Sum(size_t counter) const {
  uint64_t sum = 0;
  for (const Cells& cells : threads_)
    sum += cells.counters[counter].load(std::memory_order_relaxed);
  return sum;
}

void HandshakeStats::Fill(worker::v1::HandshakeStats& stats) const {
  const auto since_reset = [this](size_t counter) { return Sum(counter) - at_reset_[counter]; };
  for (size_t i = 0; i < kResumed; ++i) {
    const uint64_t total = since_reset(i);
    if (total == 0) continue;
    const auto version = static_cast<uint16_t>(TLS1_VERSION + i / kSuites);
    const std::string_view suite = net::TlsCipherName(kSuiteNumbers[i % kSuites]);
    auto& count = *stats.add_by_version_and_cipher();
    count.set_version(std::string(net::TlsVersionName(version)));
    count.set_cipher(suite.empty() ? "other" : std::string(suite));
    count.set_total(total);
  }
  stats.set_resumed_total(since_reset(kResumed));
  for (size_t i = 0; i < kFailures; ++i) {
    const uint64_t total = since_reset(kFirstFailure + i);
    if (total != 0) (*stats.mutable_failed_total())[FailureWord(static_cast<Failure>(i))] = total;
  }
  for (const Cells& cells : threads_) cells.duration.Fill(*stats.mutable_duration());
}

void HandshakeStats::Reset() {
  for (size_t i = 0; i < kCounters; ++i) at_reset_[i] = Sum(i);
  for (Cells& cells : threads_) cells.duration.Reset();
}

}  // namespace aloha::tls
