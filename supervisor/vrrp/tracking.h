// Why this node should not have the virtual addresses, told to aloha-vrrp as it changes: haproxy is
// not OK, or an administrator released them.
#ifndef ALOHA_SUPERVISOR_VRRP_TRACKING_H_
#define ALOHA_SUPERVISOR_VRRP_TRACKING_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "supervisor/async.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/services.h"
#include "supervisor/vrrp/patience.h"
#include "worker/v1/vrrp.pb.h"

namespace aloha::supervisor {

class Tracking {
 public:
  // run_dir: where a release is remembered until the next boot.
  Tracking(asio::io_context& loop, Fleet& fleet, Events& events, std::string run_dir,
           std::function<Services::Serving()> haproxy)
      : loop_(loop),
        fleet_(fleet),
        events_(events),
        release_file_(std::move(run_dir) + "/vrrp.released"),
        haproxy_(std::move(haproxy)),
        mutex_(loop) {}

  // At the start: a release of an earlier supervisor holds.
  void Recall();
  // Looks again and again, as long as the loop runs.
  asio::awaitable<void> Run();
  // Looks now, and tells aloha-vrrp where something changed.
  void Look();
  // Tells a process that has just come. An adopted one may be master: it keeps what an earlier
  // supervisor told until it is known how haproxy is.
  void Greet(std::shared_ptr<Process> vrrp);

  // Each answers when aloha-vrrp has heard of it. An error: it cannot be remembered, or aloha-vrrp
  // did not answer.
  asio::awaitable<Result<>> Release(std::string actor);
  asio::awaitable<Result<>> Cancel();
  // Empty: nobody did.
  const std::string& released_by() const { return released_by_; }

 private:
  using Hindrances = worker::v1::SetHindrancesRequest;

  bool Update();
  void Report(Services::Serving::State state);
  void TellSoon(std::shared_ptr<Process> vrrp);
  Hindrances Present() const;
  asio::awaitable<Result<>> Tell(std::shared_ptr<Process> vrrp);
  asio::awaitable<void> TellAlone(std::shared_ptr<Process> vrrp);
  asio::awaitable<Result<>> Changed();

  asio::io_context& loop_;
  Fleet& fleet_;
  Events& events_;
  const std::string release_file_;
  const std::function<Services::Serving()> haproxy_;
  AsyncMutex mutex_;
  bool untold_ = false;    // aloha-vrrp does not know what is true
  bool waits_ = false;     // an adopted one is not told yet
  bool reported_ = false;  // an event says that haproxy hinders
  Patience patience_;
  std::string haproxy_reason_;  // empty: haproxy does not hinder
  std::string released_by_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_VRRP_TRACKING_H_
