// Nodes on a link, in simulated time: real routers, real packets, no sockets.
#ifndef ALOHA_TESTS_UNIT_VRRP_LAN_H_
#define ALOHA_TESTS_UNIT_VRRP_LAN_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/vrrp/packets.h"
#include "workers/vrrp/admission.h"
#include "workers/vrrp/router.h"

namespace aloha::vrrp {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 36ms in tests

class Lan;

// A router with its own aloha-system, which answers at once.
class Node : public RouterActions {
 public:
  Node(Lan& lan, const std::string& address, RouterSpec spec);

  // As its interface and aloha-system come.
  void Start();
  void Plug(bool up);
  // The process ends without a word; what aloha-system has set stays. Then another one starts.
  void Kill();
  void Respawn();

  void SendAdvert(const Router& router, uint8_t priority) override;
  void Ask(const Router& router, Action::Action action) override;
  void Changed(const Router&) override { ++changes; }
  void Tell(const Router&, bool warning, const std::string& text) override {
    if (warning) warnings.push_back(text);
  }

  bool master() const { return alive && router->state() == State::MASTER; }
  bool backup() const { return alive && router->state() == State::BACKUP; }
  State Report() const {
    State report;
    router->Describe(&report);
    return report;
  }
  int announced() const { return static_cast<int>(announcements.size()); }

  Lan& lan;
  const net::Ip address;
  RouterSpec spec;
  std::unique_ptr<Router> router;
  bool alive = true;
  bool holds = false;        // the addresses are set here
  std::string cannot_claim;  // why aloha-system fails
  int changes = 0, asked = 0;
  std::vector<std::string> warnings;
  std::vector<std::pair<TimePoint, uint8_t>> adverts;  // that it sent: when, priority
  std::vector<TimePoint> announcements;
};

class Lan {
 public:
  Node& Add(const std::string& address, int priority, std::function<void(RouterSpec&)> change = {});
  // Lets time pass, from one event to the next.
  void Run(Duration time);
  // Until it holds; answers how long that took, at most `most`.
  Duration RunUntil(const std::function<bool()>& holds, Duration most = 60s);
  // Between two nodes, in that direction.
  void Cut(const Node& from, const Node& to) { cuts_.emplace(&from, &to); }
  void Split(const Node& one, const Node& other) {
    Cut(one, other);
    Cut(other, one);
  }
  void Heal() { cuts_.clear(); }
  int masters() const;

  Moment now{TimePoint(1h), 1'700'000'000'000'000};
  Duration latency = 100us;
  RouterSpec base = {.name = "ipv4",
                     .socket = {"eth0", false},
                     .version = 3,
                     .vrid = 51,
                     .interval = 1s,
                     .addresses = Ips({"192.168.0.253"})};

 private:
  friend class Node;
  struct Packet {
    TimePoint due;
    const Node* from;
    Bytes bytes;
  };
  // What aloha-system answers.
  struct Answer {
    TimePoint due;
    Node* to;
    const Router* asked_by;
    bool held;
    std::string problem;
  };

  void Deliver(const Packet& packet);
  TimePoint NextEvent() const;
  void Step(TimePoint time);

  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Packet> packets_;
  std::vector<Answer> answers_;
  std::set<std::pair<const Node*, const Node*>> cuts_;
};

inline worker::v1::VrrpHindrance Hindrance(const std::string& name, const std::string& reason) {
  worker::v1::VrrpHindrance hindrance;
  hindrance.set_name(name);
  hindrance.set_reason(reason);
  return hindrance;
}

}  // namespace aloha::vrrp

#endif  // ALOHA_TESTS_UNIT_VRRP_LAN_H_
