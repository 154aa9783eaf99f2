// The role "vrrp": routers, what they run on, and who is told.
#ifndef ALOHA_WORKERS_VRRP_ROLE_H_
#define ALOHA_WORKERS_VRRP_ROLE_H_

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "workers/runtime/worker.h"
#include "workers/vrrp/engine.h"
#include "workers/vrrp/spec.h"
#include "workers/vrrp/vrrp_service.h"

namespace aloha::vrrp {

class VrrpRole final : public Role {
 public:
  explicit VrrpRole(WorkerContext context);

  std::vector<grpc::Service*> Services() override { return {&service_}; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override;
  // With a timeout: says goodbye and has the addresses removed. Without (0): another process goes
  // on with the routers; falls silent at once.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override;
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override;

 private:
  DescriptorInbox& descriptors_;
  Log& log_;
  Engine engine_;
  VrrpService service_;
  std::vector<RouterSpec> prepared_;
  std::map<SocketKey, UniqueFd> sockets_;  // that arrived for it
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_ROLE_H_
