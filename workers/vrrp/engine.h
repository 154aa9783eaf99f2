// Routers on real clocks and sockets.
#ifndef ALOHA_WORKERS_VRRP_ENGINE_H_
#define ALOHA_WORKERS_VRRP_ENGINE_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/runtime/log.h"
#include "workers/vrrp/port.h"
#include "workers/vrrp/router.h"
#include "workers/vrrp/spec.h"
#include "workers/vrrp/system_link.h"

namespace aloha::vrrp {

// All calls on the loop's thread.
class Engine final : private RouterActions, private SystemListener {
 public:
  // Both outlive the engine. on_change: something that watchers see is different.
  Engine(asio::io_context& loop, Log& log, std::function<void()> on_change);

  // Runs these routers from now on; one that stays (RouterSpec::SameRouter) keeps its state, one
  // that goes says goodbye. sockets: those that are new; every other is here already. Sockets that
  // nobody needs are closed.
  void Apply(std::vector<RouterSpec> plan, std::map<SocketKey, UniqueFd> sockets);
  bool HasSocket(const SocketKey& key) const { return ports_.contains(key); }
  // They stay the engine's.
  std::vector<std::pair<SocketKey, int>> Sockets() const;

  void ConnectSystem(UniqueFd socket);
  void SetHindrances(std::vector<worker::v1::VrrpHindrance> hindrances);
  // Ends every router and closes the sockets; see Router::Stop. `done` is called when aloha-system
  // has removed the addresses, at the latest after `timeout`.
  void Stop(bool goodbye, std::chrono::milliseconds timeout, std::function<void()> done);
  // May count what the kernel dropped.
  void Describe(worker::v1::VrrpState* out_state);

 private:
  // RouterActions.
  void SendAdvert(const Router& router, uint8_t priority) override;
  void Ask(const Router& router, Action::Action action) override;
  void Changed(const Router& router) override;
  void Tell(const Router& router, bool warning, const std::string& text) override;
  // SystemListener.
  void OnSystem() override;
  void OnAddresses(const worker::v1::AddressState& state) override;
  void OnInterface(const worker::v1::InterfaceState& state) override;

  void TellInterface(Router& router, const worker::v1::InterfaceState& state);
  void TellPort(Port& port, const worker::v1::InterfaceState& state);
  void Wait(const std::shared_ptr<Port>& port);
  // Reads one batch; answers how many packets it was.
  size_t Receive(Port& port);
  void Dispatch(const Port& port, const Message& message, Moment now);
  void CountDrop(const Port& port, Drop reason, uint64_t packets = 1);
  void BeginFilter(Port& port, Moment now);
  void CountKernelDrops(Port& port);
  std::vector<Router*> RoutersOf(const SocketKey& key) const;

  void RunDue();
  // After everything that may have changed when something is due.
  void Arm();
  void AwaitRelease(TimePoint deadline, std::function<void()> done);

  asio::io_context& loop_;
  Log& log_;
  const std::function<void()> on_change_;
  SystemLink system_;
  asio::steady_timer timer_;
  asio::steady_timer stop_timer_;
  TimePoint armed_ = TimePoint::max();  // when the timer ends
  std::map<SocketKey, std::shared_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Router>> routers_;
  std::vector<worker::v1::VrrpHindrance> hindrances_;
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_ENGINE_H_
