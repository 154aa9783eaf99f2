// The first byte is the size of the pieces in which the rest, what a browser sends, arrives: the
// guard says the same whatever they are, and what it lets through has one meaning.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wui/server/framing_guard.h"

namespace {

using aloha::wui::FramingGuard;

void Require(bool holds) {
  if (!holds) std::abort();
}

FramingGuard Feed(std::string_view bytes, size_t piece) {
  FramingGuard guard;
  while (!bytes.empty()) {
    guard.Take(bytes.substr(0, piece));
    bytes.remove_prefix(bytes.size() < piece ? bytes.size() : piece);
  }
  return guard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const FramingGuard whole = Feed(bytes, bytes.size() + 1), pieces = Feed(bytes, data[0] + 1U);
  const bool refused = whole.state() == FramingGuard::State::kRefused;
  Require(refused == (pieces.state() == FramingGuard::State::kRefused));
  Require(whole.requests() == pieces.requests());
  Require(refused == (whole.status() >= 400));
  if (!refused) Require(whole.state() == pieces.state());
  return 0;
}
