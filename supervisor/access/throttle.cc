#include "supervisor/access/throttle.h"

#include <algorithm>

#include "supervisor/config/address.h"

namespace aloha::supervisor {
namespace {

using std::chrono::seconds;

// Counts are kept so long after the last attempt.
constexpr std::chrono::hours kKept{1};
constexpr size_t kMostKnown = 16;  // networks of an account
constexpr int kNetworkBitsV6 = 64;
constexpr uint32_t kMostCounted = 1'000'000;

// Whoever has one address of a /64 has them all.
std::string NetworkOf(std::string_view address) {
  const auto parsed = ParseAddress(address);
  if (!parsed) return "?";
  const Network network{*parsed, parsed->v6 ? kNetworkBitsV6 : 32};
  return FormatAddress(network.Base());
}

std::string PairOf(const std::string& user, const std::string& network) {
  return user + " " + network;
}

}  // namespace

// People mistype; several of them may share an address.
const Throttle::Pace Throttle::kPerNetwork{10, std::chrono::minutes(15)};
const Throttle::Pace Throttle::kPerPair{4, std::chrono::minutes(5)};
const Throttle::Pace Throttle::kOfPasswords{30, seconds(8)};
const Throttle::Pace Throttle::kOfCodes{10, std::chrono::minutes(15)};

seconds Throttle::WaitOf(const Table& table, const std::string& key, const Pace& pace, Time now) {
  const auto found = table.find(key);
  if (found == table.end() || now - found->second.last > kKept) return seconds(0);
  if (found->second.count <= pace.free) return seconds(0);
  constexpr uint32_t kMostDoublings = 20;
  const uint32_t over = std::min(found->second.count - pace.free - 1, kMostDoublings);
  const seconds pause = std::min(seconds(int64_t{1} << over), pace.longest);
  const auto left = std::chrono::ceil<seconds>(found->second.last + pause - now);
  return std::max(left, seconds(0));
}

void Throttle::Count(Table& table, const std::string& key, Time now) {
  auto found = table.find(key);
  if (found == table.end()) {
    if (table.size() >= kMostEntries) {
      table.erase(std::min_element(table.begin(), table.end(), [](const auto& a, const auto& b) {
        return a.second.last < b.second.last;
      }));
    }
    found = table.emplace(key, Entry{}).first;
  }
  Entry& entry = found->second;
  if (now - entry.last > kKept) entry.count = 0;
  entry.count = std::min(entry.count + 1, kMostCounted);
  entry.last = now;
}

void Throttle::Uncount(Table& table, const std::string& key) {
  const auto found = table.find(key);
  if (found != table.end() && found->second.count > 0) --found->second.count;
}

seconds Throttle::Begin(const std::string& user, std::string_view address, Time now) {
  const std::string network = NetworkOf(address);
  const std::string pair = PairOf(user, network);
  const bool known = Knows(user, address);
  const seconds wait =
      std::max({WaitOf(networks_, network, kPerNetwork, now), WaitOf(pairs_, pair, kPerPair, now),
                known ? seconds(0) : WaitOf(accounts_, user, per_account_, now)});
  if (wait > seconds(0)) return wait;
  Count(networks_, network, now);
  Count(pairs_, pair, now);
  if (!known) Count(accounts_, user, now);
  return seconds(0);
}

void Throttle::Succeeded(const std::string& user, std::string_view address) {
  TakeBack(user, address);
  pairs_.erase(PairOf(user, NetworkOf(address)));
  Know(user, address);
}

void Throttle::TakeBack(const std::string& user, std::string_view address) {
  const std::string network = NetworkOf(address);
  Uncount(networks_, network);
  Uncount(pairs_, PairOf(user, network));
  if (!Knows(user, address)) Uncount(accounts_, user);
}

void Throttle::Know(const std::string& user, std::string_view address) {
  std::set<std::string>& networks = known_[user];
  if (networks.size() >= kMostKnown) networks.erase(networks.begin());
  networks.insert(NetworkOf(address));
}

bool Throttle::Knows(const std::string& user, std::string_view address) const {
  const auto found = known_.find(user);
  return found != known_.end() && found->second.contains(NetworkOf(address));
}

void Throttle::Forget(const std::string& user) { known_.erase(user); }

}  // namespace aloha::supervisor
