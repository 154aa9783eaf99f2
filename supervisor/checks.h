// What the health worker says of every server, as the supervisor last heard it.
#ifndef ALOHA_SUPERVISOR_CHECKS_H_
#define ALOHA_SUPERVISOR_CHECKS_H_

#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "supervisor/events.h"
#include "supervisor/process.h"
#include "supervisor/worker_feed.h"
#include "worker/v1/roles.pb.h"

namespace aloha::supervisor {

class Checks {
 public:
  Checks(asio::io_context& loop, Events& events);

  // Follows this worker from now on; the states stand meanwhile.
  void Follow(const std::shared_ptr<Process>& health);

  // The state of a server of a virtual service, or null when nothing was heard of it.
  const worker::v1::TargetState* Find(const std::string& service, const std::string& server) const;
  // No worker confirms the states any more.
  bool stale() const { return stale_; }

 private:
  void Update(const worker::v1::TargetStates& states);

  Events& events_;
  std::map<std::pair<std::string, std::string>, worker::v1::TargetState> states_;
  bool stale_ = true;
  WorkerFeed<worker::v1::TargetStates> feed_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CHECKS_H_
