// aloha-vrrp as a process, seen from its supervisor and from aloha-system.
#ifndef ALOHA_TESTS_UNIT_VRRP_WORKER_PROCESS_H_
#define ALOHA_TESTS_UNIT_VRRP_WORKER_PROCESS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/support/spawned_worker.h"
#include "tests/unit/vrrp/wire.h"
#include "worker/v1/vrrp.grpc.pb.h"

namespace aloha::vrrp {

class WorkerProcess : public SpawnedWorker {
 public:
  WorkerProcess() : SpawnedWorker(ALOHA_VRRP_BINARY), vrrp_(worker::v1::Vrrp::NewStub(channel())) {}

  // Passes the sockets first.
  grpc::Status Use(const Namespace& space, const worker::v1::VrrpSnapshot& vrrp);
  void ConnectSystem() { system_ = GivePeer("system"); }
  // As aloha-system, about the interface eth0 of a namespace and about a router.
  void TellInterface(const Namespace& space, bool up, const std::vector<std::string>& addresses);
  void TellAddresses(const std::string& router, bool held, uint64_t number = 0,
                     const std::string& problem = {});
  // The next request to aloha-system; empty: none within 20 s.
  std::optional<worker::v1::AddressRequest> NextRequest();
  // Awaits that request and answers it.
  void Grant(worker::v1::AddressRequest::Action action);

  worker::v1::VirtualRouterState GetState();
  // Until it is in that state, for 20 s; the state then.
  worker::v1::VirtualRouterState Await(worker::v1::VirtualRouterState::State state);
  void Hinder(const std::string& reason);
  void Drain(std::chrono::milliseconds timeout);

  worker::v1::Vrrp::Stub& vrrp() { return *vrrp_; }

 private:
  void Tell(const worker::v1::SystemNotice& notice);

  std::unique_ptr<worker::v1::Vrrp::Stub> vrrp_;
  UniqueFd system_;
};

// One router of eth0.
worker::v1::VrrpSnapshot OneRouter(int priority, bool ipv6 = false, int interval_cs = 1,
                                   int version = 3);

}  // namespace aloha::vrrp

#endif  // ALOHA_TESTS_UNIT_VRRP_WORKER_PROCESS_H_
