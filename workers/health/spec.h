// The snapshot of this role, checked and in the form that runs.
#ifndef ALOHA_WORKERS_HEALTH_SPEC_H_
#define ALOHA_WORKERS_HEALTH_SPEC_H_

#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/health/mailer.h"
#include "workers/runtime/error.h"

namespace aloha::health {

// One check. `config` has been validated; the rest is derived from it.
struct CheckSpec {
  worker::v1::Check config;
  asio::ip::tcp::endpoint endpoint;
  std::chrono::milliseconds interval{};
  std::chrono::milliseconds fast_interval{};  // never 0
  std::chrono::milliseconds timeout{};
  // Equal for checks that ask the same thing of the same address: a check keeps its state while
  // this stays.
  std::string question;
};

// A target and the checks (indexes into Plan::checks) that decide on it.
struct TargetSpec {
  std::string service;
  std::string server;
  std::vector<size_t> checks;
};

struct Plan {
  std::vector<CheckSpec> checks;
  std::vector<TargetSpec> targets;
  std::optional<asio::ip::udp::endpoint> syslog;
  std::optional<MailTarget> mail;
};

// kInvalidArgument with the path of the first field that is out of its range, unknown or named
// twice.
Result<Plan> MakePlan(const worker::v1::HealthSnapshot& snapshot);

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_SPEC_H_
