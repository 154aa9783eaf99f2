// Mail to administrators: gathers events, sends one mail for what comes together, tries again.
// aloha-health sends it; where to is in its snapshot.
#ifndef ALOHA_SUPERVISOR_REPORTS_ALERTS_H_
#define ALOHA_SUPERVISOR_REPORTS_ALERTS_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/reports/alert_mail.h"

namespace aloha::supervisor {

class Alerts {
 public:
  // From the first event to its mail, and between two mails.
  static constexpr std::chrono::seconds kGather{5}, kDistance{60};
  // Between two tries to send: doubles up to the longest.
  static constexpr std::chrono::seconds kShortestPause{10}, kLongestPause{1800};

  Alerts(asio::io_context& loop, Events& events, Fleet& fleet)
      : loop_(loop), events_(events), fleet_(fleet), retry_(loop) {}

  // Whether events are mailed from now on; what waits goes when they are not. Called after every
  // change: what could not be sent is tried at once, since the server may be another one.
  void Use(bool wanted);

 private:
  void Take(const Event& event);
  asio::awaitable<void> Run();

  asio::io_context& loop_;
  Events& events_;
  Fleet& fleet_;
  std::shared_ptr<void> watch_;  // null: not wanted
  AlertQueue waiting_;
  asio::steady_timer retry_;  // until what was not sent is tried again
  bool changed_ = false;      // Use was called since the last try began
  bool running_ = false;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_REPORTS_ALERTS_H_
