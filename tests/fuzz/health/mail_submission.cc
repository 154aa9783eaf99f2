// The first byte is the split; the rest is what a mail server says. How it ends must not depend on
// the split, and nothing may be said twice.
#include "workers/health/mail_submission.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using aloha::health::MailSubmission;

struct Ending {
  MailSubmission::State state = MailSubmission::State::kGoesOn;
  std::string sent, reason;
};

// Replies come one by one, as a server waits for each command; what they are split into varies.
Ending Run(std::string_view said, size_t piece) {
  MailSubmission submission({.host_name = "lb1",
                             .from = "a@b",
                             .to = {"c@d"},
                             .subject = "s",
                             .text = ".\n",
                             .time_us = 0,
                             .id = "1"});
  Ending ending;
  while (ending.state == MailSubmission::State::kGoesOn && !said.empty()) {
    const size_t line = std::min(said.find('\n'), said.size() - 1) + 1;
    const size_t size = std::min(piece, line);
    ending.state = submission.Feed(said.substr(0, size));
    ending.sent += submission.to_send();
    said.remove_prefix(size);
  }
  if (submission.awaited().empty()) abort();
  ending.reason = submission.reason();
  if ((ending.state == MailSubmission::State::kRefused) == ending.reason.empty()) abort();
  if (ending.reason.size() > 1000) abort();
  return ending;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view said(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Ending whole = Run(said, said.size() + 1), split = Run(said, data[0] + size_t{1});
  if (whole.state != split.state || whole.sent != split.sent || whole.reason != split.reason) {
    abort();
  }
  return 0;
}
