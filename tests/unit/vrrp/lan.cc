#include "tests/unit/vrrp/lan.h"

#include <algorithm>

namespace aloha::vrrp {

Node::Node(Lan& its_lan, const std::string& its_address, RouterSpec its_spec)
    : lan(its_lan),
      address(Ip(its_address)),
      spec(std::move(its_spec)),
      router(std::make_unique<Router>(spec, *this, lan.now)) {}

void Node::Start() {
  Plug(true);
  router->OnSystem();
  router->OnAddresses(holds, {}, lan.now);
}

void Node::Plug(bool up) {
  router->OnInterface(up ? std::optional(address) : std::nullopt,
                      up ? "" : "eth0 is down or has no carrier", lan.now);
}

void Node::Kill() { alive = false; }

void Node::Respawn() {
  alive = true;
  router = std::make_unique<Router>(spec, *this, lan.now);
  Start();
}

void Node::SendAdvert(const Router& from, uint8_t priority) {
  const RouterSpec& its = from.spec();
  std::array<uint8_t, kMaxBuiltAdvert> buffer;
  const AdvertContent content{its.version, its.vrid, priority, its.interval, its.addresses};
  const size_t length = BuildAdvert(content, from.source(), GroupFor(address), buffer);
  adverts.emplace_back(lan.now.time, priority);
  lan.packets_.push_back({lan.now.time + lan.latency, this,
                          Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(length))});
}

void Node::Ask(const Router& from, Action::Action action) {
  ++asked;
  if (action == Action::ANNOUNCE) return announcements.push_back(lan.now.time);
  if (action == Action::RELEASE) holds = false;
  if (action == Action::CLAIM) holds = cannot_claim.empty();
  // A router must not be called from within its call. A later answer is the one that counts.
  std::erase_if(lan.answers_, [this](const auto& answer) { return answer.to == this; });
  lan.answers_.push_back(
      {lan.now.time + 50us, this, &from, holds, action == Action::CLAIM ? cannot_claim : ""});
}

Node& Lan::Add(const std::string& address, int priority, std::function<void(RouterSpec&)> change) {
  RouterSpec spec = base;
  spec.priority = static_cast<uint8_t>(priority);
  if (change) change(spec);
  nodes_.push_back(std::make_unique<Node>(*this, address, spec));
  nodes_.back()->Start();
  return *nodes_.back();
}

int Lan::masters() const {
  return static_cast<int>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->master(); }));
}

void Lan::Deliver(const Packet& packet) {
  for (const auto& node : nodes_) {
    if (node.get() == packet.from || !node->alive || cuts_.contains({packet.from, node.get()})) {
      continue;
    }
    const Message message{packet.bytes, packet.from->address, GroupFor(node->address), 255};
    const auto advert = ParseAdvert(message);
    ASSERT_TRUE(advert) << DropWord(advert.error());
    auto refused = RefuseSender(node->spec, node->address, message);
    if (!refused) refused = RefuseAdvert(node->spec, *advert, message.source);
    if (refused) {
      node->router->CountDrop(*refused);
    } else {
      node->router->Hear(*advert, message.source, now);
    }
  }
}

TimePoint Lan::NextEvent() const {
  TimePoint next = TimePoint::max();
  for (const Packet& packet : packets_) next = std::min(next, packet.due);
  for (const Answer& answer : answers_) next = std::min(next, answer.due);
  for (const auto& node : nodes_) {
    if (node->alive) next = std::min(next, node->router->next_due());
  }
  return next;
}

void Lan::Step(TimePoint time) {
  now.wall_us += std::chrono::duration_cast<std::chrono::microseconds>(time - now.time).count();
  now.time = time;
  std::vector<Packet> due;
  std::erase_if(packets_, [&](const Packet& packet) {
    if (packet.due > time) return false;
    due.push_back(packet);
    return true;
  });
  for (const Packet& packet : due) Deliver(packet);
  std::vector<Answer> answers;
  std::erase_if(answers_, [&](const Answer& answer) {
    if (answer.due > time) return false;
    answers.push_back(answer);
    return true;
  });
  for (const Answer& answer : answers) {
    if (!answer.to->alive || answer.to->router.get() != answer.asked_by) continue;
    answer.to->router->OnAddresses(answer.held, answer.problem, now);
  }
  for (const auto& node : nodes_) {
    if (node->alive && node->router->next_due() <= time) node->router->RunDue(now);
  }
}

void Lan::Run(Duration time) {
  const TimePoint end = now.time + time;
  while (NextEvent() <= end) Step(std::max(now.time, NextEvent()));
  Step(end);
}

Duration Lan::RunUntil(const std::function<bool()>& holds, Duration most) {
  const TimePoint start = now.time;
  while (!holds() && NextEvent() <= start + most) Step(std::max(now.time, NextEvent()));
  return now.time - start;
}

}  // namespace aloha::vrrp
