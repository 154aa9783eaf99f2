// The role of aloha-system, and the gRPC service that goes with it.
#ifndef ALOHA_WORKERS_SYSTEM_SYSTEM_ROLE_H_
#define ALOHA_WORKERS_SYSTEM_SYSTEM_ROLE_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "worker/v1/roles.grpc.pb.h"
#include "workers/runtime/worker.h"
#include "workers/system/capabilities.h"
#include "workers/system/network_side.h"
#include "workers/system/socket_set.h"

namespace aloha::system {

// All calls on the control thread, but for Bind, which brings itself there.
class SystemRole final : public Role, public worker::v1::System::CallbackService {
 public:
  SystemRole(WorkerContext context, const Privileges& privileges);

  std::vector<grpc::Service*> Services() override { return {this}; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override;
  // Keeps the sockets. What becomes of virtual addresses depends on the timeout; see
  // NetworkSide::Drain.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override {
    network_.Drain(timeout, std::move(done));
  }
  // Of "vrrp".
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override { return sockets_.Committed(); }
  std::vector<std::string> Limitations() override { return system::Limitations(privileges_); }

  grpc::ServerUnaryReactor* Bind(grpc::CallbackServerContext* call,
                                 const worker::v1::BindRequest* request,
                                 worker::v1::BindResponse* response) override;

 private:
  using Answer = std::function<void(const Result<>&)>;
  struct Sending;

  void BindAndSend(const worker::v1::BindRequest& request, Answer answer);
  // Sends packet after packet; waits while the channel is full.
  void SendNext(const std::shared_ptr<Sending>& sending);

  UniqueFd Take(const SocketName& name);
  Result<UniqueFd> Make(const SocketName& name, std::span<const int> siblings);

  WorkerContext context_;
  const Privileges privileges_;
  SocketSet sockets_;
  NetworkSide network_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_SYSTEM_ROLE_H_
