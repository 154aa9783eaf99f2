// Who tries passwords waits, longer with each one that was wrong. Bounded, whatever strangers do;
// and no stranger can keep an account's owner out: what is counted against an account counts for
// the network that tried it. Against many networks at a time there is one slow path for each
// account, which networks from which it was signed in to before do not share.
#ifndef ALOHA_SUPERVISOR_ACCESS_THROTTLE_H_
#define ALOHA_SUPERVISOR_ACCESS_THROTTLE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace aloha::supervisor {

// Control thread.
class Throttle {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kMostEntries = 4'096;  // of each table

  // How many may fail before the first pause of a second; each further one doubles it up to
  // `longest`.
  struct Pace {
    uint32_t free;
    std::chrono::seconds longest;
  };
  // Against one account, by networks that are not known. Of passwords: short, so that an owner who
  // comes from a new network finds a gap. Of codes: who tries them knows the password, and there
  // are but a million codes.
  static const Pace kOfPasswords, kOfCodes;

  explicit Throttle(Pace per_account) : per_account_(per_account) {}

  // How long it takes until the next attempt is heard. 0: this one is, and counts as failed until
  // Succeeded or TakeBack is called.
  std::chrono::seconds Begin(const std::string& user, std::string_view address, Time now);
  // The password was right: what this network did against the account before is forgotten, and the
  // network is known from now on.
  void Succeeded(const std::string& user, std::string_view address);
  // It was neither right nor wrong: something was missing, or nobody had time.
  void TakeBack(const std::string& user, std::string_view address);
  // It was signed in to from this network before.
  void Know(const std::string& user, std::string_view address);
  bool Knows(const std::string& user, std::string_view address) const;
  // The account is no more.
  void Forget(const std::string& user);

 private:
  struct Entry {
    uint32_t count = 0;
    Time last;
  };
  using Table = std::map<std::string, Entry, std::less<>>;

  static std::chrono::seconds WaitOf(const Table& table, const std::string& key, const Pace& pace,
                                     Time now);
  static void Count(Table& table, const std::string& key, Time now);
  static void Uncount(Table& table, const std::string& key);

  static const Pace kPerNetwork, kPerPair;

  const Pace per_account_;
  Table networks_;
  Table pairs_;     // account and network
  Table accounts_;  // tried by networks that are not known
  std::map<std::string, std::set<std::string>, std::less<>> known_;  // networks by account
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_THROTTLE_H_
