// Runs a dialogue against a script, all at once and byte by byte, which must not differ.
#ifndef ALOHA_TESTS_UNIT_HEALTH_DIALOGUE_SCRIPT_H_
#define ALOHA_TESTS_UNIT_HEALTH_DIALOGUE_SCRIPT_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "workers/health/protocol.h"

namespace aloha::health {

struct Ending {
  Verdict verdict = Verdict::kMore;
  std::string reason;  // of a final verdict
  std::string sent;
};

inline Ending RunPieces(Dialogue& dialogue, std::string_view bytes, bool close, size_t piece) {
  Ending ending;
  ending.verdict = dialogue.Begin();
  const auto send = [&] {
    ending.sent += dialogue.output();
    dialogue.Sent(dialogue.output().size());
  };
  send();
  while (ending.verdict == Verdict::kMore && !bytes.empty()) {
    ending.verdict = dialogue.Feed(bytes.substr(0, piece));
    send();
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (ending.verdict == Verdict::kMore && close) ending.verdict = dialogue.Closed();
  if (ending.verdict != Verdict::kMore) ending.reason = dialogue.reason();
  return ending;
}

// Feeds `bytes`, then closes if asked. The same dialogue is used again and again, as checks do.
inline Ending Play(Dialogue& dialogue, std::string_view bytes, bool close = false) {
  const Ending whole = RunPieces(dialogue, bytes, close, bytes.size() + 1);
  const Ending single = RunPieces(dialogue, bytes, close, 1);
  EXPECT_EQ(whole.verdict, single.verdict) << whole.reason << " / " << single.reason;
  return whole;
}

}  // namespace aloha::health

#endif  // ALOHA_TESTS_UNIT_HEALTH_DIALOGUE_SCRIPT_H_
