// What a router says of itself.
#include <fmt/format.h>

#include <algorithm>

#include "workers/vrrp/router.h"
#include "workers/vrrp/text.h"

namespace aloha::vrrp {
std::string Router::OwnPriorityText() const {
  std::string text = fmt::format("this node {}", effective_priority());
  if (!hindrances_.empty()) {
    text += fmt::format(" ({})", hindrances_[0].reason());
  } else if (!claim_problem_.empty()) {
    text += fmt::format(" ({})", claim_problem_);
  }
  return text;
}

std::string Router::WhyMaster(Moment now) const {
  if (goodbye_from_) return net::FormatIp(goodbye_from_->address) + " gave up (priority 0)";
  if (lesser_master_) {
    return fmt::format("{} has priority {}, {}", net::FormatIp(lesser_master_->address),
                       lesser_master_->priority, OwnPriorityText());
  }
  if (last_heard_) return "no advert for " + DurationText(now.time - *last_heard_);
  return "no other master within " + DurationText(now.time - since_);
}

std::vector<net::Ip> Router::KnownPeers() const {
  std::vector<Peer> peers = peers_;
  std::stable_sort(peers.begin(), peers.end(),
                   [](const Peer& a, const Peer& b) { return a.adverts > b.adverts; });
  std::vector<net::Ip> live;
  for (const Peer& peer : peers) live.push_back(peer.address);
  return live;
}

void Router::Describe(State* out_state) const {
  out_state->set_name(spec_.name);
  out_state->set_state(state_);
  out_state->set_since_us(since_us_);
  out_state->set_why(why_);
  out_state->set_priority(spec_.priority);
  out_state->set_effective_priority(effective_priority());
  for (const auto& hindrance : hindrances_) *out_state->add_hindrances() = hindrance;
  if (!claim_problem_.empty()) {
    auto* hindrance = out_state->add_hindrances();
    hindrance->set_name("addresses");
    hindrance->set_reason(claim_problem_);
  }
  if (source_ != net::Ip{}) out_state->set_source(net::FormatIp(source_));
  for (const Peer& known : peers_) {
    auto* peer = out_state->add_peers();
    peer->set_address(net::FormatIp(known.address));
    peer->set_priority(known.priority);
    peer->set_last_seen_us(known.last_seen_us);
    peer->set_adverts_total(known.adverts);
  }
  for (const Transition& past : history_) {
    auto* transition = out_state->add_history();
    transition->set_from(past.from);
    transition->set_to(past.to);
    transition->set_time_us(past.time_us);
    transition->set_why(past.why);
  }
  out_state->set_adverts_sent_total(sent_);
  out_state->set_adverts_received_total(received_);
  for (size_t reason = 0; reason < dropped_.size(); ++reason) {
    if (dropped_[reason] == 0) continue;
    (*out_state->mutable_dropped_total())[std::string(DropWord(static_cast<Drop>(reason)))] =
        dropped_[reason];
  }
  out_state->set_two_masters(two_masters_);
  out_state->set_problem(problem_);
}

}  // namespace aloha::vrrp
