#include "supervisor/certificates/ticket_keys.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "supervisor/config/state_file.h"

namespace aloha::supervisor {
namespace {

constexpr size_t kNameBytes = 16;
constexpr size_t kSecretBytes = 64;
constexpr std::chrono::seconds kClockSkew = std::chrono::minutes(10);

int64_t Seconds(TicketKeys::TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  // So few bytes are never cut short, and fail only where the kernel has no such call.
  if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count)) std::abort();
  return bytes;
}

bool IsWhole(const worker::v1::TicketKey& key) {
  return key.name().size() == kNameBytes && key.secret().size() == kSecretBytes;
}

}  // namespace

Result<> TicketKeys::Load() {
  config::v1::TicketKeys kept;
  if (auto read = ReadState(path_, &kept); !read) {
    return read.error().code == Code::kNotFound ? Result<>() : read;
  }
  if (!std::all_of(kept.key().begin(), kept.key().end(), IsWhole)) {
    return Fail(Code::kInvalidArgument, path_ + " holds no ticket keys");
  }
  keys_ = std::move(kept);
  return {};
}

Result<> TicketKeys::Rotate(TimePoint now) {
  const int64_t now_s = Seconds(now);
  if (keys_.key_size() > 0 && keys_.key(0).made_s() <= now_s && now < due()) return {};
  config::v1::TicketKeys next;
  worker::v1::TicketKey* fresh = next.add_key();
  fresh->set_name(RandomBytes(kNameBytes));
  fresh->set_secret(RandomBytes(kSecretBytes));
  fresh->set_made_s(now_s);
  for (const worker::v1::TicketKey& old : keys_.key()) {
    if (IsAlive(old, now) && next.key_size() < kKeptOfBoth) *next.add_key() = old;
  }
  keys_ = std::move(next);
  return WriteState(path_, keys_, "", 0600);
}

bool TicketKeys::IsAlive(const worker::v1::TicketKey& key, TimePoint now) {
  const int64_t now_s = Seconds(now);
  return key.made_s() <= now_s && now_s - key.made_s() < kKept * kRotation.count();
}

Result<bool> TicketKeys::Merge(const config::v1::TicketKeys& others, TimePoint now) {
  std::vector<worker::v1::TicketKey> all(keys_.key().begin(), keys_.key().end());
  for (worker::v1::TicketKey key : others.key()) {
    const bool known = std::any_of(all.begin(), all.end(),
                                   [&](const auto& one) { return one.name() == key.name(); });
    // The other node's clock may be ahead.
    if (key.made_s() - Seconds(now) <= kClockSkew.count()) {
      key.set_made_s(std::min(key.made_s(), Seconds(now)));
    }
    if (!known && IsWhole(key) && IsAlive(key, now)) all.push_back(std::move(key));
  }
  // The same order on both nodes.
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.made_s() != b.made_s() ? a.made_s() > b.made_s() : a.name() < b.name();
  });
  if (all.size() > kKeptOfBoth) all.resize(kKeptOfBoth);
  config::v1::TicketKeys next;
  next.mutable_key()->Assign(all.begin(), all.end());
  if (next.SerializeAsString() == keys_.SerializeAsString()) return false;
  keys_ = std::move(next);
  if (auto written = WriteState(path_, keys_, "", 0600); !written) {
    return tl::make_unexpected(written.error());
  }
  return true;
}

TicketKeys::TimePoint TicketKeys::due() const {
  if (keys_.key().empty()) return TimePoint::min();
  return TimePoint(std::chrono::seconds(keys_.key(0).made_s())) + kRotation;
}

}  // namespace aloha::supervisor
