// What aloha-vrrp says of the virtual addresses, as the supervisor last heard it. What happens to
// them becomes events.
#ifndef ALOHA_SUPERVISOR_VRRP_WATCH_H_
#define ALOHA_SUPERVISOR_VRRP_WATCH_H_

#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "supervisor/events.h"
#include "supervisor/process.h"
#include "supervisor/worker_feed.h"
#include "worker/v1/vrrp.pb.h"

namespace aloha::supervisor {

class VrrpWatch {
 public:
  // By the state that was entered.
  using Counts = std::map<std::string, uint64_t>;

  VrrpWatch(asio::io_context& loop, Events& events);

  // Follows this worker from now on.
  void Follow(const std::shared_ptr<Process>& vrrp);

  // Without routers while no aloha-vrrp is heard.
  const worker::v1::VrrpState& state() const { return state_; }
  // Transitions of a router that this supervisor saw.
  Counts CountsOf(const std::string& router) const;
  // Called after each change until the handle goes.
  std::shared_ptr<void> OnChange(std::function<void()> watcher);

 private:
  void Update(worker::v1::VrrpState state);
  void Lose();
  void Notify();

  Events& events_;
  bool heard_ = false;  // something, of the process that is followed
  worker::v1::VrrpState state_;
  worker::v1::VrrpState told_;  // of which the events know
  std::map<std::string, Counts> counts_;
  std::list<std::weak_ptr<std::function<void()>>> watchers_;
  WorkerFeed<worker::v1::VrrpState> feed_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_VRRP_WATCH_H_
