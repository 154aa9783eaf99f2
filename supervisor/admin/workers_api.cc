#include "supervisor/admin/workers_api.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "supervisor/observe.h"
#include "supervisor/services.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

v1::Worker::State StateOf(Slot::State state) {
  switch (state) {
    case Slot::State::kStopped:
      return v1::Worker::STOPPED;
    case Slot::State::kStarting:
      return v1::Worker::STARTING;
    case Slot::State::kRunning:
      return v1::Worker::RUNNING;
    case Slot::State::kWaiting:
      return v1::Worker::WAITING;
    case Slot::State::kDraining:
      return v1::Worker::DRAINING;
    case Slot::State::kCrashLoop:
      return v1::Worker::CRASH_LOOP;
  }
  return v1::Worker::STATE_UNSPECIFIED;
}

void SetConfinement(v1::Worker* worker, std::vector<v1::Confinement> measures) {
  bool confined = true;
  for (v1::Confinement& measure : measures) {
    confined = confined && measure.as_declared();
    *worker->add_confinement() = std::move(measure);
  }
  worker->set_confined(confined);
}

v1::Worker DescribeSupervisor() {
  v1::Worker worker;
  worker.set_name("supervisor");
  worker.set_binary("aloha-supervisor");
  worker.set_service("system");
  worker.set_state(v1::Worker::RUNNING);
  worker.set_pid(getpid());
  const Usage usage = ObserveUsage(getpid());
  worker.set_memory_bytes(usage.memory_bytes);
  worker.set_cpu_us(usage.cpu_us);
  worker.set_uptime_s(usage.uptime_s);
  worker.set_reason(
      "owns configuration, states and the management API; reads nothing from the network");
  SetConfinement(&worker, ObserveSupervisor());
  return worker;
}

// aloha-system without a limitation was given what the table declares.
bool IsPrivileged(const Process& process) { return process.info.limitations().empty(); }

v1::Worker Describe(const Slot& slot) {
  v1::Worker worker;
  worker.set_name(std::string(slot.role->name));
  worker.set_binary(std::string(slot.role->binary));
  worker.set_service(std::string(slot.role->service));
  worker.set_reason(std::string(slot.role->reason));
  worker.set_state(StateOf(slot.state));
  worker.set_restarts(slot.restarts);
  worker.set_last_exit(slot.last_exit);
  for (const std::string& line : slot.last_log) worker.add_last_log(line);
  if (!slot.process) return worker;
  const Process& process = *slot.process;
  worker.set_pid(process.pid);
  worker.set_adopted(process.adopted);
  const Usage usage = ObserveUsage(process.pid);
  worker.set_uptime_s(usage.uptime_s);
  worker.set_memory_bytes(usage.memory_bytes);
  worker.set_cpu_us(usage.cpu_us);
  SetConfinement(&worker, ObserveWorker(process, IsPrivileged(process)));
  return worker;
}

}  // namespace

std::vector<v1::Worker> DescribeWorkers(const AdminContext& context) {
  std::vector<v1::Worker> workers = {DescribeSupervisor()};
  for (const auto& [name, slot] : context.fleet.slots()) {
    if (slot.InUse()) workers.push_back(Describe(slot));
  }
  return workers;
}

grpc::ServerUnaryReactor* WorkersApi::ListWorkers(grpc::CallbackServerContext* call,
                                                  const v1::ListWorkersRequest* request,
                                                  v1::ListWorkersResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Workers/ListWorkers",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     co_return Page(
                         DescribeWorkers(context_), request->page_size(), request->page_token(),
                         response->mutable_next_page_token(),
                         [&](const v1::Worker& worker) { *response->add_workers() = worker; });
                   });
}

grpc::ServerUnaryReactor* WorkersApi::RestartWorker(grpc::CallbackServerContext* call,
                                                    const v1::RestartWorkerRequest* request,
                                                    v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kOperate, "Workers/RestartWorker",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        const Role* role = FindRole(request->name());
        if (role == nullptr) {
          co_return Fail(Code::kNotFound,
                         fmt::format("there is no worker \"{}\"; alohactl worker list shows them",
                                     EscapeForLog(request->name())));
        }
        const Slot& slot = context_.fleet.slots().find(role->name)->second;
        if (!slot.InUse()) {
          co_return Fail(
              Code::kFailedPrecondition,
              fmt::format("{} is not in use: the configuration does not ask for it", role->name));
        }
        if (!slot.wanted) {
          co_return Fail(Code::kFailedPrecondition,
                         fmt::format("{} is stopped; start {}", role->name, role->service));
        }
        const auto replaced = co_await context_.fleet.Replace(*role, Services::DrainOf(role->name));
        if (!replaced) co_return replaced;
        FillEvent(context_.events.Add(Event::INFO, "worker", role->name, "restarted", caller.actor,
                                      caller.method),
                  response);
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
