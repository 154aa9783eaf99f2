// The role "gateway": who is let in, who is called.
#ifndef ALOHA_WUI_GATEWAY_ROLE_H_
#define ALOHA_WUI_GATEWAY_ROLE_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "workers/runtime/worker.h"
#include "wui/gateway/dialer.h"
#include "wui/gateway/entrance.h"
#include "wui/gateway/forwarder.h"
#include "wui/gateway/gateway_service.h"
#include "wui/gateway/refusals.h"
#include "wui/gateway/remote_entrance.h"
#include "wui/gateway/remote_tls.h"
#include "wui/gateway/tls_identity.h"

namespace aloha::gateway {

class GatewayRole final : public Role {
 public:
  explicit GatewayRole(WorkerContext context);

  std::vector<grpc::Service*> Services() override { return {&service_, &remote_service_}; }
  grpc::CallbackGenericService* GenericService() override { return &to_peer_; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override { prepared_.reset(); }
  // Ends every connection: who calls calls again.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override;
  // Of "supervisor": its peer API; of "management": its management API; of "keys": who signs.
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override;

 private:
  struct Prepared {
    worker::v1::GatewaySnapshot snapshot;
    Admission admission;
    std::optional<RemoteAdmission> remote;
    // Empty: none is wanted, or the open one stays.
    UniqueFd listener, remote_listener;
  };

  // The socket that a snapshot asks for; empty: `open` is that.
  Result<UniqueFd> TakeListener(const worker::v1::GatewayListener& wanted,
                                const worker::v1::GatewayListener* open, const char* field);
  Result<RemoteAdmission> PrepareRemote(const worker::v1::ManagementListener& management);
  void FindPeer(const std::string& method, std::function<void(RouteOrStatus)> answer);
  void FillStats(worker::v1::GatewayStats& stats) const;

  WorkerContext context_;
  PumpedBytes bytes_;
  TlsIdentity identity_;
  SupervisorChannel supervisor_, management_;
  Dialer dialer_;
  PeerConnection peer_;
  Entrance entrance_;
  Refusals refusals_;
  RemoteTls remote_tls_;
  RemoteEntrance remote_;
  Forwarder to_peer_;
  GatewayService service_;
  RemoteService remote_service_;
  worker::v1::GatewaySnapshot running_;
  std::optional<Prepared> prepared_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_ROLE_H_
