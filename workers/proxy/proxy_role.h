// The proxy as a worker: snapshots and descriptors in, the direct channel from health, draining.
#ifndef ALOHA_WORKERS_PROXY_PROXY_ROLE_H_
#define ALOHA_WORKERS_PROXY_PROXY_ROLE_H_

#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "workers/proxy/engine.h"
#include "workers/proxy/proxy_service.h"
#include "workers/runtime/drain_loop.h"
#include "workers/runtime/worker.h"

namespace aloha::proxy {

class ProxyRole final : public Role {
 public:
  // kernel_tls: why the kernel cannot take over records of TLS, or that it can.
  ProxyRole(WorkerContext context, const Result<>& kernel_tls);

  std::vector<grpc::Service*> Services() override { return {&service_}; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  // Ends a drain that is under way: what lives goes on.
  void Commit() override;
  void Abort() override { engine_.Abort(); }
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override {
    drain_.Start(timeout, std::move(done));
  }
  // Of "health": its packets of TargetStates. When the channel dies, the last states stand.
  // Of "tls": connections with TLS, see tls_link.h.
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override { return engine_.Keepsakes(); }
  std::vector<std::string> Limitations() override;

 private:
  void AwaitCheckStates();
  void ReadCheckStates();

  WorkerContext context_;
  const uint32_t max_sessions_;
  Engine engine_;
  ProxyService service_;
  std::unique_ptr<asio::posix::stream_descriptor> health_;
  DrainLoop drain_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_PROXY_ROLE_H_
