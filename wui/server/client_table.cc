#include "wui/server/client_table.h"

#include <algorithm>
#include <tuple>

namespace aloha::wui {
namespace {

using std::chrono::seconds;

constexpr seconds kHandshakeTime{5};
constexpr seconds kHeadTime{10};       // and until the first request begins
constexpr seconds kBodyTime{30};       // 512 KiB in all
constexpr seconds kKeepAliveTime{75};  // browsers let go first

}  // namespace

net::Ip ClientTable::ClientOf(const net::Ip& ip) {
  net::Ip client = ip;
  if (!net::IsIpv4(ip)) std::fill(client.begin() + 8, client.end(), uint8_t{0});
  return client;
}

ClientTable::Time ClientTable::Deadline(const Entry& entry) {
  switch (entry.phase) {
    case Phase::kHandshake:
      return entry.since + kHandshakeTime;
    case Phase::kHead:
      return entry.since + kHeadTime;
    case Phase::kBody:
      return entry.since + kBodyTime;
    case Phase::kIdle:
      return entry.since + (entry.served ? kKeepAliveTime : kHeadTime);
    case Phase::kSending:  // RESTinio bounds these two
    case Phase::kCall:
      break;
  }
  return Time::max();
}

ClientTable::Entries::iterator ClientTable::Weakest(const net::Ip* client) {
  const auto rank = [this](const Entry& entry) {
    // Of those in one phase, who has most connections, then who is there longest.
    return std::tuple(entry.served, entry.phase, -static_cast<int64_t>(clients_[entry.client]),
                      entry.since);
  };
  auto weakest = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->second.phase == Phase::kCall) continue;
    if (client != nullptr && entry->second.client != *client) continue;
    if (weakest == entries_.end() || rank(entry->second) < rank(weakest->second)) weakest = entry;
  }
  return weakest;
}

std::optional<ClientTable::Admission> ClientTable::Admit(const net::Ip& ip, Time now) {
  const net::Ip client = ClientOf(ip);
  Admission admission{++last_id_, {}};
  const auto own = clients_.find(client);
  const bool many = own != clients_.end() && own->second >= kMaxPerClient;
  if (many || entries_.size() >= kMaxConnections) {
    const auto leaves = Weakest(many ? &client : nullptr);
    if (leaves == entries_.end()) return std::nullopt;
    admission.leaves = leaves->first;
    Erase(leaves);
  }
  entries_[admission.id] = {client, Phase::kHandshake, now};
  ++clients_[client];
  return admission;
}

void ClientTable::Enter(Id id, Phase phase, Time now) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.phase == phase) return;
  Entry& entry = found->second;
  if (phase == Phase::kSending || phase == Phase::kCall) entry.served = true;
  entry.phase = phase;
  entry.since = now;
}

void ClientTable::Remove(Id id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) Erase(found);
}

void ClientTable::Erase(Entries::iterator entry) {
  const auto client = clients_.find(entry->second.client);
  if (--client->second == 0) clients_.erase(client);
  entries_.erase(entry);
}

std::vector<ClientTable::Id> ClientTable::TakeLate(Time now) {
  std::vector<Id> late;
  for (const auto& [id, entry] : entries_) {
    if (Deadline(entry) <= now) late.push_back(id);
  }
  for (const Id id : late) Remove(id);
  return late;
}

size_t ClientTable::Count(Phase phase) const {
  return static_cast<size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [phase](const auto& entry) { return entry.second.phase == phase; }));
}

}  // namespace aloha::wui
