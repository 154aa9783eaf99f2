#include "workers/vrrp/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workers/vrrp/text.h"

namespace aloha::vrrp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kAnnounceInterval{10};
constexpr seconds kAskAgain{1};
// A hindered master that nobody relieved asks again: a backup may have come meanwhile.
constexpr seconds kGiveUpAgain{10};
// What others may need beyond the skew of their timers.
constexpr milliseconds kGiveUpGrace{100};
// A process that replaces another shares its socket for a moment, and with it the adverts: it waits
// longer than that before it believes that there is no master.
constexpr milliseconds kFirstWait{500};
// The longest wait after a goodbye.
constexpr milliseconds kGoodbye{5};
// A backup that could not set the addresses may try again after this time.
constexpr std::chrono::minutes kForgetProblem{10};
constexpr size_t kHistory = 50;

}  // namespace

Router::Router(RouterSpec spec, RouterActions& actions, Moment now)
    : spec_(std::move(spec)),
      actions_(actions),
      why_(fmt::format("waiting for aloha-system to tell of {}", spec_.socket.interface)),
      since_us_(now.wall_us),
      since_(now.time),
      master_interval_(spec_.interval) {}

uint8_t Router::effective_priority() const {
  if (!hindered()) return spec_.priority;
  return static_cast<uint8_t>(std::max(1, spec_.priority / 16));
}

bool Router::Beats(uint8_t priority, const net::Ip& from) const {
  const uint8_t own = effective_priority();
  return own > priority || (own == priority && source_ > from);
}

Duration Router::SkewTime(uint8_t priority) const {
  const Duration base = spec_.version == 2 ? Duration(seconds(1)) : master_interval_;
  return base * (256 - priority) / 256;
}

Duration Router::ActiveDownInterval() const {
  return 3 * master_interval_ + SkewTime(effective_priority());
}

Duration Router::GoodbyeSkew() const {
  const uint8_t priority = effective_priority();
  return std::min(SkewTime(priority), Duration(kGoodbye) * (256 - priority) / 256);
}

void Router::Enter(State::State state, std::string why, Moment now) {
  actions_.Tell(
      *this, state == State::FAULT,
      fmt::format("{} -> {}: {}", State::State_Name(state_), State::State_Name(state), why));
  history_.push_front({state_, state, now.wall_us, why});
  if (history_.size() > kHistory) history_.pop_back();
  state_ = state;
  why_ = std::move(why);
  since_us_ = now.wall_us;
  since_ = now.time;
  master_down_ = next_advert_ = next_announce_ = heal_announce_ = next_give_up_ = rival_gone_ =
      may_preempt_ = ask_again_ = TimePoint::max();
  quiet_until_ = TimePoint::min();
  last_heard_.reset();
  master_.reset();
  rival_.reset();
  goodbye_from_.reset();
  lesser_master_.reset();
  two_masters_ = false;
  actions_.Changed(*this);
}

void Router::BecomeBackup(std::string why, Moment now) {
  const bool release = state_ == State::MASTER || held_;
  Enter(State::BACKUP, std::move(why), now);
  master_down_ = now.time + ActiveDownInterval();
  if (std::exchange(fresh_, false)) {
    const Duration skew = SkewTime(effective_priority());  // keeps the order of the nodes
    master_down_ = std::max(master_down_, now.time + kFirstWait + skew);
  }
  if (release) Ask(Action::RELEASE, now);
}

// The advert goes first: it stops whoever is about to do the same.
void Router::BecomeMaster(std::string why, Moment now) {
  Enter(State::MASTER, std::move(why), now);
  fresh_ = inherited_ = false;
  master_interval_ = spec_.interval;
  Send(effective_priority(), now);
  next_advert_ = now.time + spec_.interval;
  last_announce_ = now.time;  // claiming does it
  next_announce_ = now.time + kAnnounceInterval;
  if (hindered()) next_give_up_ = now.time + kGiveUpAgain;
  Ask(Action::CLAIM, now);
}

void Router::BecomeFaulty(const std::string& why, Moment now) {
  const bool release = state_ == State::MASTER || std::exchange(inherited_, false);
  if (state_ != State::FAULT) {
    Enter(State::FAULT, why, now);
  } else if (why_ != why) {
    why_ = why;
    actions_.Changed(*this);
  }
  if (release) Ask(Action::RELEASE, now);
}

void Router::OnInterface(const std::optional<net::Ip>& source, const std::string& problem,
                         Moment now) {
  if (stopped_) return;
  const net::Ip before = std::exchange(source_, source.value_or(net::Ip{}));
  if (!source) return BecomeFaulty(problem, now);
  if (state_ != State::FAULT) {
    if (before != source_) actions_.Changed(*this);
    return;
  }
  if (inherited_) return BecomeMaster("took over from an earlier aloha-vrrp", now);
  master_interval_ = spec_.interval;
  BecomeBackup(fmt::format("{} can be used", spec_.socket.interface), now);
}

void Router::OnSystem() {
  ask_again_ = TimePoint::max();
  last_asked_ = TimePoint::min();
  claim_problem_.clear();
}

void Router::OnAddresses(bool held, const std::string& problem, Moment now) {
  if (stopped_) return;
  const bool first = !std::exchange(knows_held_, true);
  held_ = held;
  if (std::exchange(problem_, problem) != problem) {
    if (!problem.empty()) actions_.Tell(*this, true, "aloha-system: " + problem);
    actions_.Changed(*this);
  }
  if (first && held_ && !last_heard_) {
    inherited_ = state_ == State::FAULT && source_ == net::Ip{} && fresh_;
    if (inherited_) return;  // until its interface is known
    if (state_ == State::BACKUP) return BecomeMaster("took over from an earlier aloha-vrrp", now);
  }
  const bool wanted = state_ == State::MASTER, was_hindered = hindered();
  if (held_) {
    claim_problem_.clear();
  } else if (wanted && !problem.empty()) {
    claim_problem_ = problem;
    forget_problem_ = now.time + kForgetProblem;
  }
  HindranceChanged(was_hindered, now);
  ask_again_ = TimePoint::max();
  if (held_ == wanted) return;
  // What was asked just now did not help.
  ask_again_ = std::max(now.time, last_asked_ + kAskAgain);
  if (ask_again_ > now.time) return;
  Ask(wanted ? Action::CLAIM : Action::RELEASE, now);
}

void Router::Ask(Action::Action action, Moment now) {
  ask_again_ = TimePoint::max();
  if (action != Action::ANNOUNCE) last_asked_ = now.time;
  actions_.Ask(*this, action);
}

void Router::Reconfigure(RouterSpec spec, Moment now) {
  if (stopped_ || spec == spec_) return;
  const bool other_addresses = spec.addresses != spec_.addresses;
  if (spec.version == 2 || spec.interval != spec_.interval) master_interval_ = spec.interval;
  spec_ = std::move(spec);
  if (state_ == State::MASTER) {
    Send(effective_priority(), now);
    next_advert_ = now.time + spec_.interval;
    if (other_addresses) Ask(Action::CLAIM, now);
  } else if (state_ == State::BACKUP) {
    master_down_ = now.time + ActiveDownInterval();
  }
  actions_.Changed(*this);
}

void Router::SetHindrances(std::vector<worker::v1::VrrpHindrance> hindrances, Moment now) {
  if (stopped_) return;
  const auto same = [](const worker::v1::VrrpHindrance& a, const worker::v1::VrrpHindrance& b) {
    return a.name() == b.name() && a.reason() == b.reason();
  };
  if (std::equal(hindrances.begin(), hindrances.end(), hindrances_.begin(), hindrances_.end(),
                 same)) {
    return;
  }
  const bool was_hindered = hindered();
  hindrances_ = std::move(hindrances);
  HindranceChanged(was_hindered, now);
  actions_.Changed(*this);
}

void Router::HindranceChanged(bool was_hindered, Moment now) {
  if (state_ != State::MASTER || hindered() == was_hindered) return;
  if (hindered()) return BeginToGiveUp(now);
  next_give_up_ = TimePoint::max();
  quiet_until_ = TimePoint::min();
  Send(effective_priority(), now);
  next_advert_ = now.time + spec_.interval;
}

void Router::Stop(bool goodbye, Moment now) {
  if (stopped_) return;
  if (goodbye && state_ == State::MASTER) {
    Send(0, now);
    Enter(State::BACKUP, "gave up: aloha-vrrp stops", now);
    Ask(Action::RELEASE, now);
  }
  stopped_ = true;
}

void Router::Send(uint8_t priority, Moment now) {
  actions_.SendAdvert(*this, priority);
  last_sent_ = now.time;
  ++sent_;
}

// Says that it goes, and stays until somebody comes.
void Router::BeginToGiveUp(Moment now) {
  Send(0, now);
  const Duration skew = spec_.version == 2 ? Duration(seconds(1)) : Duration(spec_.interval);
  quiet_until_ = next_advert_ = now.time + skew + kGiveUpGrace;
  next_give_up_ = now.time + std::max<Duration>(kGiveUpAgain, 4 * skew);
}

TimePoint Router::next_due() const {
  if (stopped_) return TimePoint::max();
  return std::min({master_down_, next_advert_, next_announce_, heal_announce_, next_give_up_,
                   rival_gone_, ask_again_, forget_problem_});
}

void Router::RunDue(Moment now) {
  if (stopped_) return;
  if (ask_again_ <= now.time) {
    ask_again_ = TimePoint::max();
    const bool wanted = state_ == State::MASTER;
    if (held_ != wanted) Ask(wanted ? Action::CLAIM : Action::RELEASE, now);
  }
  if (forget_problem_ <= now.time) {
    forget_problem_ = TimePoint::max();
    if (state_ != State::MASTER) claim_problem_.clear();
    actions_.Changed(*this);
  }
  if (master_down_ <= now.time) return BecomeMaster(WhyMaster(now), now);
  if (state_ == State::MASTER) RunMaster(now);
}

void Router::RunMaster(Moment now) {
  if (next_give_up_ <= now.time) {
    BeginToGiveUp(now);
  } else if (next_advert_ <= now.time) {
    Send(effective_priority(), now);
    // A late one does not shift those that follow; one that is a whole interval late does.
    next_advert_ += spec_.interval;
    if (next_advert_ <= now.time) next_advert_ = now.time + spec_.interval;
  }
  if (rival_gone_ <= now.time) {
    rival_gone_ = TimePoint::max();
    rival_.reset();
    heal_announce_ = now.time;
    if (std::exchange(two_masters_, false)) {
      actions_.Tell(*this, false, "the other master is gone");
      actions_.Changed(*this);
    }
  }
  if (next_announce_ <= now.time || heal_announce_ <= now.time) {
    heal_announce_ = TimePoint::max();
    next_announce_ = now.time + kAnnounceInterval;
    last_announce_ = now.time;
    if (held_) Ask(Action::ANNOUNCE, now);
  }
}

}  // namespace aloha::vrrp
