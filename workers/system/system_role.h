// The role of aloha-system, and the gRPC service that goes with it.
#ifndef ALOHA_WORKERS_SYSTEM_SYSTEM_ROLE_H_
#define ALOHA_WORKERS_SYSTEM_SYSTEM_ROLE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/v1/roles.grpc.pb.h"
#include "workers/runtime/worker.h"
#include "workers/system/capabilities.h"
#include "workers/system/listener_set.h"

namespace aloha::system {

// All calls on the control thread, but for Bind, which brings itself there.
class SystemRole final : public Role, public worker::v1::System::CallbackService {
 public:
  SystemRole(WorkerContext context, const Privileges& privileges);

  std::vector<grpc::Service*> Services() override { return {this}; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override { listeners_.Abort(); }
  // Nothing lives here: answers at once and keeps the sockets.
  void Drain(std::chrono::milliseconds, std::function<void(uint32_t cut)> done) override {
    done(0);
  }
  std::vector<NamedDescriptor> Keepsakes() override { return listeners_.Committed(); }
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

  WorkerContext context_;
  const Privileges privileges_;
  ListenerSet listeners_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_SYSTEM_ROLE_H_
