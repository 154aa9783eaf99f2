// The state machine of one virtual router (RFC 9568 section 6, RFC 3768 section 6), without sockets
// and clocks: it is told what happens and when, and says what is to be done.
//
// States: FAULT, its interface cannot be used; BACKUP, it listens for the master's adverts; MASTER,
// it sends adverts and has the addresses. Beyond the RFCs:
//   - A node that should not serve (a hindrance) has a sixteenth of its priority. A hindered master
//     says priority 0, keeps the addresses, and listens for one interval: who takes over shows that
//     it lives, and the next advert, of a higher priority, makes this node a backup. When nobody
//     comes it goes on, so that a node that is alone never gives its addresses to nobody.
//   - After a goodbye a backup waits a share of 5 ms, not of an interval; the order of the backups
//     stays that of their priorities.
//   - A backup with a preempt delay treats a lesser master as a proper one until the delay is over.
//   - A master announces its addresses again every ten seconds, and after another master went:
//     neither switches nor clients hear when a partition heals.
//   - A fresh process that hears that the addresses are set here goes on as the master.
#ifndef ALOHA_WORKERS_VRRP_ROUTER_H_
#define ALOHA_WORKERS_VRRP_ROUTER_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "worker/v1/vrrp.pb.h"
#include "workers/vrrp/codec.h"
#include "workers/vrrp/spec.h"

namespace aloha::vrrp {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using State = worker::v1::VirtualRouterState;
using Action = worker::v1::AddressRequest;

// One moment on both clocks.
struct Moment {
  TimePoint time;       // for timers
  int64_t wall_us = 0;  // for people: microseconds since 1970-01-01 UTC
};

class Router;

// What a router wants done. Called from within its methods; must not call it back.
class RouterActions {
 public:
  virtual ~RouterActions() = default;
  virtual void SendAdvert(const Router& router, uint8_t priority) = 0;
  // Asks aloha-system, which answers by OnAddresses some time later.
  virtual void Ask(const Router& router, Action::Action action) = 0;
  // Something that watchers see is different.
  virtual void Changed(const Router& router) = 0;
  // For the log.
  virtual void Tell(const Router& router, bool warning, const std::string& text) = 0;
};

class Router {
 public:
  // The actions outlive it. It starts in FAULT until it hears of its interface.
  Router(RouterSpec spec, RouterActions& actions, Moment now);

  const RouterSpec& spec() const { return spec_; }
  State::State state() const { return state_; }
  const std::string& why() const { return why_; }
  const net::Ip& source() const { return source_; }
  // While something hinders this node: a sixteenth, at least 1.
  uint8_t effective_priority() const;
  bool stopped() const { return stopped_; }

  // The same router with other values (SameRouter); nobody loses or gains the addresses by it.
  void Reconfigure(RouterSpec spec, Moment now);
  // source: of this node's adverts; nothing: the interface cannot be used, for the reason.
  void OnInterface(const std::optional<net::Ip>& source, const std::string& problem, Moment now);
  // What aloha-system says: whether the addresses are set here, and what went wrong.
  void OnAddresses(bool held, const std::string& problem, Moment now);
  // Another aloha-system is there, which may be able to do what the last one was not.
  void OnSystem();
  void SetHindrances(std::vector<worker::v1::VrrpHindrance> hindrances, Moment now);
  // An advert that concerns this router (see admission.h).
  void Hear(const Advert& advert, const net::Ip& from, Moment now);
  void CountDrop(Drop reason, uint64_t packets = 1) {
    dropped_[static_cast<size_t>(reason)] += packets;
  }

  // Does what is due. Late calls do no harm.
  void RunDue(Moment now);
  TimePoint next_due() const;

  // Ends. goodbye: a master says so to the others and has the addresses removed; otherwise it
  // leaves everything to the process that comes after this one.
  void Stop(bool goodbye, Moment now);

  void Describe(State* out_state) const;
  // Whom adverts came from; those of whom most were heard first.
  std::vector<net::Ip> KnownPeers() const;

 private:
  struct Peer {
    net::Ip address{};
    uint8_t priority = 0;
    int64_t last_seen_us = 0;
    uint64_t adverts = 0;
  };
  struct Transition {
    State::State from = State::STATE_UNSPECIFIED, to = State::STATE_UNSPECIFIED;
    int64_t time_us = 0;
    std::string why;
  };

  bool hindered() const { return !hindrances_.empty() || !claim_problem_.empty(); }
  // Beats an advert of that priority from that address, as masters among themselves see it.
  bool Beats(uint8_t priority, const net::Ip& from) const;
  Duration SkewTime(uint8_t priority) const;
  Duration ActiveDownInterval() const;
  Duration GoodbyeSkew() const;
  // "this node 9 (hindered: haproxy is not OK)".
  std::string OwnPriorityText() const;
  std::string WhyMaster(Moment now) const;

  void Enter(State::State state, std::string why, Moment now);
  void BecomeBackup(std::string why, Moment now);
  void BecomeMaster(std::string why, Moment now);
  void BecomeFaulty(const std::string& why, Moment now);

  void ForgetPeer();
  void Ask(Action::Action action, Moment now);

  void NotePeer(const Advert& advert, const net::Ip& from, Moment now);
  // Priority 0 says something: it is from the master, or from another one.
  bool IsGoodbye(const net::Ip& from) const;
  void HearAsBackup(const Advert& advert, const net::Ip& from, Moment now);
  void HearLesserMaster(const Advert& advert, const net::Ip& from, Moment now);
  void HearAsMaster(const Advert& advert, const net::Ip& from, Moment now);
  void Yield(const Advert& advert, const net::Ip& from, Moment now);
  void HearRival(const Advert& advert, const net::Ip& from, Moment now);
  void Send(uint8_t priority, Moment now);
  // Answers an advert: at once, but not every one of a flood.
  void Assert(Moment now);
  // Hindrances or the problem with the addresses came or went.
  void HindranceChanged(bool was_hindered, Moment now);
  void BeginToGiveUp(Moment now);
  void RunMaster(Moment now);

  RouterSpec spec_;
  RouterActions& actions_;
  State::State state_ = State::FAULT;
  std::string why_;
  int64_t since_us_;
  TimePoint since_;
  net::Ip source_{};   // zeros: the interface cannot be used
  bool fresh_ = true;  // this process was never a backup or master
  bool stopped_ = false;
  std::vector<worker::v1::VrrpHindrance> hindrances_;

  // Of the addresses.
  bool knows_held_ = false;  // aloha-system told
  bool held_ = false;
  bool inherited_ = false;  // set by an earlier process; its interface is still to be heard of
  std::string problem_;
  std::string claim_problem_;  // why the addresses could not be set; a hindrance
  TimePoint last_asked_ = TimePoint::min();
  TimePoint ask_again_ = TimePoint::max(), forget_problem_ = TimePoint::max();

  // Backup.
  TimePoint master_down_ = TimePoint::max();  // Active_Down_Timer
  Duration master_interval_;                  // Active_Adver_Interval
  std::optional<TimePoint> last_heard_;       // of the advert that set the timer
  std::optional<net::Ip> master_;             // who sent it
  std::optional<Peer> goodbye_from_, lesser_master_;
  TimePoint may_preempt_ = TimePoint::max();

  // Master.
  TimePoint next_advert_ = TimePoint::max();
  TimePoint last_sent_ = TimePoint::min();
  TimePoint next_announce_ = TimePoint::max(), last_announce_ = TimePoint::min();
  TimePoint heal_announce_ = TimePoint::max();
  TimePoint quiet_until_ = TimePoint::min();   // said priority 0 and listens who comes
  TimePoint next_give_up_ = TimePoint::max();  // when to say so again
  std::optional<net::Ip> rival_;               // another master, worse than this node
  TimePoint rival_since_ = TimePoint::min();
  TimePoint rival_gone_ = TimePoint::max();
  bool two_masters_ = false;

  std::vector<Peer> peers_;  // newest first
  std::deque<Transition> history_;
  uint64_t sent_ = 0, received_ = 0;
  std::array<uint64_t, kDropReasons> dropped_{};
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_ROUTER_H_
