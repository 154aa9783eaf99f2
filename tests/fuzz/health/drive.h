// Drives a dialogue with bytes from the fuzzer and asserts what must hold for any answer of any
// server.
#ifndef ALOHA_TESTS_FUZZ_HEALTH_DRIVE_H_
#define ALOHA_TESTS_FUZZ_HEALTH_DRIVE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workers/health/protocol.h"

namespace aloha::health {

// One probe: the bytes in pieces of that size, then a close.
inline Verdict RunProbe(Dialogue& dialogue, std::string_view bytes, size_t piece) {
  Verdict verdict = dialogue.Begin();
  while (verdict == Verdict::kMore && !bytes.empty()) {
    dialogue.Sent(dialogue.output().size());
    verdict = dialogue.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (dialogue.awaited().empty()) abort();
  if (verdict == Verdict::kMore) verdict = dialogue.Closed();
  // Every probe ends, with a reason short enough for a line of the log, however the bytes were
  // split.
  if (verdict == Verdict::kMore || dialogue.reason().empty()) abort();
  if (dialogue.reason().size() > 1000) abort();
  return verdict;
}

// The first byte says how the rest is split; the verdict must not depend on it.
inline void Drive(Dialogue& dialogue, std::string_view input) {
  if (input.empty()) return;
  const size_t piece = static_cast<uint8_t>(input[0]) + size_t{1};
  input.remove_prefix(1);
  const Verdict whole = RunProbe(dialogue, input, input.size() + 1);
  if (RunProbe(dialogue, input, piece) != whole) abort();
}

}  // namespace aloha::health

#endif  // ALOHA_TESTS_FUZZ_HEALTH_DRIVE_H_
