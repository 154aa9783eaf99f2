// Mail to administrators: gathers events, sends one mail for what comes together, tries again.
// aloha-health sends it; where to is in its snapshot.
#ifndef ALOHA_SUPERVISOR_REPORTS_ALERTS_H_
#define ALOHA_SUPERVISOR_REPORTS_ALERTS_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>

#include "supervisor/events.h"
#include "supervisor/fleet.h"

namespace aloha::supervisor {

class Alerts {
 public:
  // Events in one mail; more are counted.
  static constexpr size_t kMostInOne = 200;
  // From the first event to its mail, and between two mails.
  static constexpr std::chrono::seconds kGather{5}, kDistance{60};
  // Between two tries to send: doubles up to the longest.
  static constexpr std::chrono::seconds kShortestPause{10}, kLongestPause{1800};

  Alerts(asio::io_context& loop, Events& events, Fleet& fleet)
      : loop_(loop), events_(events), fleet_(fleet) {}

  // Whether events are mailed from now on; what waits goes when they are not.
  void Use(bool wanted);

 private:
  void Take(const Event& event);
  asio::awaitable<void> Run();

  asio::io_context& loop_;
  Events& events_;
  Fleet& fleet_;
  std::shared_ptr<void> watch_;  // null: not wanted
  std::deque<Event> waiting_;
  uint64_t more_ = 0;  // that found no room in it
  bool running_ = false;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_REPORTS_ALERTS_H_
