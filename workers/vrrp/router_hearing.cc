// What a router does with the adverts of others.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workers/vrrp/router.h"
#include "workers/vrrp/text.h"

namespace aloha::vrrp {
namespace {

constexpr size_t kPeers = 16;
// Between an advert and an answer.
constexpr std::chrono::milliseconds kShortestPause{50};
// Another master yields, and removes the addresses, within this time.
constexpr std::chrono::milliseconds kHealAnnounce{200};
// Between two announcements while another master stays.
constexpr std::chrono::seconds kAnnouncePause{1};

}  // namespace

void Router::Hear(const Advert& advert, const net::Ip& from, Moment now) {
  if (stopped_) return;
  if (advert.priority == 0 && !IsGoodbye(from)) {
    CountDrop(Drop::kOther);
    // Backups of other makers may take it for the master's.
    if (state_ == State::MASTER && now.time >= quiet_until_) Assert(now);
    return;
  }
  ++received_;
  NotePeer(advert, from, now);
  if (state_ == State::BACKUP) HearAsBackup(advert, from, now);
  if (state_ == State::MASTER) HearAsMaster(advert, from, now);
}

void Router::NotePeer(const Advert& advert, const net::Ip& from, Moment now) {
  auto peer = std::find_if(peers_.begin(), peers_.end(),
                           [&from](const Peer& known) { return known.address == from; });
  const bool changed = peer == peers_.end() || peer->priority != advert.priority;
  if (peer == peers_.end()) {
    if (peers_.size() == kPeers) ForgetPeer();
    peer = peers_.insert(peers_.end(), Peer{from});
  }
  std::rotate(peers_.begin(), peer, peer + 1);
  peers_.front().priority = advert.priority;
  peers_.front().last_seen_us = now.wall_us;
  ++peers_.front().adverts;
  if (changed) actions_.Changed(*this);
}

// The one of whom least was heard, of several the oldest: who was heard often is not driven out by
// a flood of sources.
void Router::ForgetPeer() {
  auto least = peers_.end() - 1;
  for (auto peer = peers_.begin(); peer != peers_.end() - 1; ++peer) {
    if (peer->adverts < least->adverts) least = peer;
  }
  peers_.erase(least);
}

bool Router::IsGoodbye(const net::Ip& from) const {
  if (state_ == State::MASTER) return rival_ == from;
  return !master_ || *master_ == from;
}

void Router::HearAsBackup(const Advert& advert, const net::Ip& from, Moment now) {
  const Peer sender{from, advert.priority, now.wall_us, 0};
  if (advert.priority == 0) {
    master_down_ = std::min(master_down_, now.time + GoodbyeSkew());
    goodbye_from_ = sender;
    return;
  }
  goodbye_from_.reset();
  if (spec_.preempt && advert.priority < effective_priority()) {
    return HearLesserMaster(advert, from, now);
  }
  lesser_master_.reset();
  may_preempt_ = TimePoint::max();
  master_interval_ = advert.interval;
  master_down_ = now.time + ActiveDownInterval();
  last_heard_ = now.time;
  master_ = from;
}

// Its adverts do not set the timer, so that this node takes over when the timer ends; within the
// preempt delay they do.
void Router::HearLesserMaster(const Advert& advert, const net::Ip& from, Moment now) {
  if (!lesser_master_) may_preempt_ = now.time + spec_.preempt_delay;
  lesser_master_ = Peer{from, advert.priority, now.wall_us, 0};
  if (master_down_ >= may_preempt_) return;
  master_interval_ = advert.interval;
  last_heard_ = now.time;
  master_ = from;
  master_down_ = std::min(now.time + ActiveDownInterval(), may_preempt_);
}

void Router::HearAsMaster(const Advert& advert, const net::Ip& from, Moment now) {
  if (advert.priority > 0) {
    return Beats(advert.priority, from) ? HearRival(advert, from, now) : Yield(advert, from, now);
  }
  rival_gone_ = now.time;
  if (now.time >= quiet_until_) Assert(now);
}

void Router::Yield(const Advert& advert, const net::Ip& from, Moment now) {
  const char* tie =
      advert.priority == effective_priority() ? " like this node, and the higher address" : "";
  std::string why = fmt::format("{} has priority {}", net::FormatIp(from), advert.priority);
  why += *tie != '\0' ? tie : ", " + OwnPriorityText();
  master_interval_ = advert.interval;
  BecomeBackup(std::move(why), now);
  last_heard_ = now.time;
  master_ = from;
}

void Router::HearRival(const Advert& advert, const net::Ip& from, Moment now) {
  const Duration interval = std::max<Duration>(spec_.interval, advert.interval);
  if (!rival_) rival_since_ = now.time;
  rival_ = from;
  // Who came on priority 0 is worse than this node: asking again would only disturb.
  next_give_up_ = TimePoint::max();
  // It yields when it hears the answer.
  Assert(now);
  const Duration soon = std::min<Duration>(interval * 3 / 2, kHealAnnounce);
  heal_announce_ =
      std::min(heal_announce_, std::max(now.time + soon, last_announce_ + kAnnouncePause));
  rival_gone_ = now.time + interval * 7 / 2;
  if (two_masters_ || now.time - rival_since_ <= 2 * interval) return;
  two_masters_ = true;
  actions_.Tell(*this, true,
                fmt::format("two masters: {} says so too, with priority {}, and does not hear this "
                            "node's adverts",
                            net::FormatIp(from), advert.priority));
  actions_.Changed(*this);
}

void Router::Assert(Moment now) {
  const Duration pause = std::min<Duration>(spec_.interval / 2, kShortestPause);
  next_advert_ = std::min(next_advert_, std::max(now.time, last_sent_ + pause));
  if (next_advert_ > now.time) return;
  Send(effective_priority(), now);
  next_advert_ = now.time + spec_.interval;
}

}  // namespace aloha::vrrp
