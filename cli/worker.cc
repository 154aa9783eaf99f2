// alohactl worker: the processes and how they are confined.
#include <fmt/format.h>

#include <memory>

#include "admin/v1/admin.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"

namespace aloha::cli {
namespace {

using Stub = admin::Workers::Stub;

std::vector<std::string> Differences(const admin::Worker& worker) {
  std::vector<std::string> differences;
  for (const admin::Confinement& item : worker.confinement()) {
    if (item.as_declared()) continue;
    differences.push_back(fmt::format("{}: {} is declared as {}, observed {}", worker.name(),
                                      item.measure(), item.declared(),
                                      item.observed().empty() ? "nothing" : item.observed()));
  }
  // A difference that no item names must not pass unseen.
  if (differences.empty() && !worker.confined() && worker.pid() != 0) {
    differences.push_back(fmt::format("{}: its confinement could not be confirmed", worker.name()));
  }
  return differences;
}

Cell ConfinedCell(const admin::Worker& worker) {
  if (worker.pid() == 0) return "-";
  size_t differences = Differences(worker).size();
  if (differences == 0) return {"as declared", Color::kGood};
  return {fmt::format("{} differ", differences), Color::kBad};
}

void PrintTables(Output& output, const admin::ListWorkersResponse& list) {
  Table processes({"WORKER", "ROLE", ">PID", "SERVICE", "STATE", ">MEMORY", ">CPU", ">UPTIME",
                   ">RESTARTS", "CONFINEMENT", "LAST EXIT"});
  Table confinement({"WORKER", "MEASURE", "DECLARED", "OBSERVED", "AS DECLARED"});
  for (const admin::Worker& worker : list.workers()) {
    processes.Add({worker.name(), worker.binary(),
                   worker.pid() == 0 ? Cell("-") : Cell(worker.pid()), worker.service(),
                   Cell(WorkerCell(worker.state()).text + (worker.adopted() ? " (adopted)" : ""),
                        WorkerCell(worker.state()).color),
                   worker.memory_bytes() == 0 ? "-" : Bytes(worker.memory_bytes()),
                   fmt::format("{:.1f} s", static_cast<double>(worker.cpu_us()) / 1e6),
                   Duration(static_cast<int64_t>(worker.uptime_s())), worker.restarts(),
                   ConfinedCell(worker), worker.last_exit()});
    for (const admin::Confinement& item : worker.confinement()) {
      confinement.Add({worker.name(), item.measure(), item.declared(), item.observed(),
                       item.as_declared() ? Cell("yes", Color::kGood) : Cell("NO", Color::kBad)});
    }
  }
  output.Write(processes, "No workers: alohactl service list says why");
  if (confinement.empty()) return;
  output.out() << "\n";
  output.Write(confinement, "");
}

int List(Client& client, bool verify) {
  auto reply = client.List(&Stub::ListWorkers, admin::ListWorkersRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (!output.Structured(*reply)) PrintTables(output, *reply);
  if (!verify) return kDone;
  output.out() << std::flush;
  bool differs = false;
  for (const admin::Worker& worker : reply->workers()) {
    for (const std::string& difference : Differences(worker)) {
      differs = true;
      output.err() << "alohactl: " << Printable(difference) << "\n";
    }
  }
  return differs ? kRefused : kDone;
}

int Restart(Client& client, const std::string& name) {
  admin::RestartWorkerRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::RestartWorker, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddWorker(Command& command) {
  CLI::App* noun = command.Noun("worker", "The processes and how they are confined",
                                "alohactl worker list --verify");
  auto verify = std::make_shared<bool>(false);
  command
      .Verb(noun, "list", "Process, role, memory, state; confinement declared and observed",
            [verify](Client& client) { return List(client, *verify); })
      ->add_flag("--verify", *verify, "Exit 1 when any confinement is not as declared");
  auto name = std::make_shared<std::string>();
  command
      .Verb(noun, "restart", "Replace one worker; listening sockets are kept",
            [name](Client& client) { return Restart(client, *name); })
      ->add_option("NAME", *name, "From alohactl worker list")
      ->required();
}

}  // namespace aloha::cli
