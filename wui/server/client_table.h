// Who is connected, how far each has come, and who must go when there is no room: whoever is slow
// or silent, never one whose call is being answered. Pure; time comes in as an argument.
#ifndef ALOHA_WUI_SERVER_CLIENT_TABLE_H_
#define ALOHA_WUI_SERVER_CLIENT_TABLE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "workers/net/address.h"

namespace aloha::wui {

class ClientTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Id = uint64_t;

  // Most connections, and most of one client: an IPv4 address, or a network of IPv6 (/64).
  static constexpr size_t kMaxConnections = 512;
  static constexpr size_t kMaxPerClient = 48;

  // What a connection is at, first those that go first.
  enum class Phase {
    kHandshake,
    kHead,     // the head of a request has begun
    kBody,     // and its body
    kIdle,     // between requests
    kSending,  // an answer that took no call
    kCall,
  };

  // A connection came, and its handshake begins. Nothing: its client has all that it may have in
  // calls, or everybody together has.
  struct Admission {
    Id id = 0;
    std::optional<Id> leaves;  // this one must make room: it is not in the table any more
  };
  std::optional<Admission> Admit(const net::Ip& ip, Time now);
  // It goes on. Time for a phase runs from its beginning.
  void Enter(Id id, Phase phase, Time now);
  void Remove(Id id);
  // Those whose time is over; they are not in the table any more.
  std::vector<Id> TakeLate(Time now);

  size_t size() const { return entries_.size(); }
  size_t Count(Phase phase) const;

 private:
  struct Entry {
    net::Ip client;
    Phase phase = Phase::kHandshake;
    Time since;
    bool served = false;  // a request of its came through
  };
  using Entries = std::map<Id, Entry>;

  static net::Ip ClientOf(const net::Ip& ip);
  static Time Deadline(const Entry& entry);
  // Who goes first of those of the client, or of all; end(): nobody may.
  Entries::iterator Weakest(const net::Ip* client);
  void Erase(Entries::iterator entry);

  Entries entries_;
  std::map<net::Ip, size_t> clients_;  // how many each has
  Id last_id_ = 0;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_CLIENT_TABLE_H_
