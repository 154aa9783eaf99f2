#include "supervisor/access/refusals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aloha::supervisor {
namespace {

// Of one source, and of all.
constexpr double kMostOfOne = 20, kMostOfAll = 100;
constexpr std::chrono::seconds kEveryOfOne{60}, kEveryOfAll{5};
constexpr size_t kMostSources = 1'024;

}  // namespace

bool Refusals::Take(Bucket& bucket, double most, std::chrono::seconds every, Time now) {
  const std::chrono::duration<double> passed = now - bucket.last;
  bucket.tokens =
      std::min(most, bucket.tokens + passed.count() / static_cast<double>(every.count()));
  bucket.last = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

Refusals::Bucket& Refusals::BucketOf(const std::string& from, Time now) {
  const auto found = by_source_.find(from);
  if (found != by_source_.end()) return found->second;
  if (by_source_.size() >= kMostSources) {
    by_source_.erase(std::min_element(
        by_source_.begin(), by_source_.end(),
        [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  }
  return by_source_.emplace(from, Bucket{kMostOfOne, now}).first->second;
}

void Refusals::Tell(const std::string& actor, const std::string& method, const std::string& from,
                    std::string text, Time now) {
  if (!std::exchange(begun_, true)) all_ = {kMostOfAll, now};
  if (!Take(BucketOf(from, now), kMostOfOne, kEveryOfOne, now) ||
      !Take(all_, kMostOfAll, kEveryOfAll, now)) {
    ++untold_;
    return;
  }
  if (const uint64_t untold = std::exchange(untold_, 0); untold > 0)
    text += fmt::format(" (and {} more refused calls before)", untold);
  events_.Add(Event::WARNING, "audit", method, std::move(text), actor, method, true);
}

}  // namespace aloha::supervisor
