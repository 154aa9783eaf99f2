// The role "health": checks, what follows from them, and who is told.
#ifndef ALOHA_WORKERS_HEALTH_ROLE_H_
#define ALOHA_WORKERS_HEALTH_ROLE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workers/health/engine.h"
#include "workers/health/health_service.h"
#include "workers/health/proxy_link.h"
#include "workers/health/reports_service.h"
#include "workers/health/spec.h"
#include "workers/health/target_board.h"
#include "workers/runtime/worker.h"

namespace aloha::health {

class HealthRole final : public Role {
 public:
  // The client outlives the role.
  HealthRole(WorkerContext context, const TlsClient& tls);

  std::vector<grpc::Service*> Services() override { return {&service_, &reports_}; }
  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override { prepared_.reset(); }
  // Probes nothing any more; there is nothing to wait for. The last states stand.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override;
  void OnPeer(const std::string& role, UniqueFd socket) override;

 private:
  void OnResult(size_t check, worker::v1::CheckState before);
  void LogChange(const CheckSpec& spec, const CheckTrack& track, worker::v1::CheckState before);

  Log& log_;
  Engine engine_;
  TargetBoard board_;
  ProxyLink proxy_;
  HealthService service_;
  ReportsService reports_;
  std::optional<Plan> prepared_;
  bool warned_ = false;  // that this machine cannot probe; until it can
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_ROLE_H_
