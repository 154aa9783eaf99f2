// alohactl system: the machine and the product.
#include <fmt/format.h>

#include "admin/v1/admin.grpc.pb.h"
#include "cli/command.h"

namespace aloha::cli {
namespace {

int Info(Client& client) {
  auto reply = client.Call(&admin::System::Stub::GetInfo, admin::GetInfoRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"hostname", reply->hostname()});
  table.Add({"version", reply->version()});
  table.Add({"kernel", reply->kernel()});
  table.Add({"time", LocalTime(reply->time_us())});
  table.Add({"up", Duration(static_cast<int64_t>(reply->uptime_s()))});
  table.Add(
      {"supervisor", fmt::format("pid {}, up {}", reply->supervisor_pid(),
                                 Duration(static_cast<int64_t>(reply->supervisor_uptime_s())))});
  table.Add({"user", reply->user()});
  table.Add({"privilege", reply->privilege()});
  table.Add({"cores", reply->cores()});
  table.Add({"memory", Bytes(reply->memory_bytes())});
  table.Add({"landlock ABI", reply->landlock_abi()});
  table.Add({"unsaved changes",
             reply->unsaved_changes() ? Cell("yes: alohactl config save", Color::kWarning) : "no"});
  output.Write(table, "");
  return kDone;
}

}  // namespace

void AddSystem(Command& command) {
  CLI::App* noun =
      command.Noun("system", "The machine and the product", "alohactl system info -o json");
  command.Verb(noun, "info", "Host name, version, kernel, privilege, memory", Info);
  command.Verb(noun, "save", "Save the running configuration, as config save does", SaveConfig);
}

}  // namespace aloha::cli
