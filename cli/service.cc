// alohactl service: the four services (system, vrrp, haproxy, stunnel).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "admin/v1/admin.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"

namespace aloha::cli {
namespace {

using Stub = admin::Services::Stub;

int List(Client& client) {
  auto reply = client.List(&Stub::ListServices, admin::ListServicesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"SERVICE", "STATE", "START", "WORKERS", "REASON"});
  for (const admin::Service& service : reply->services()) {
    table.Add({service.name(), StateCell(service.state()),
               service.start_mode() == admin::Service::MANUAL ? "manual" : "auto",
               fmt::format("{}", fmt::join(service.workers(), " ")), service.reason()});
  }
  output.Write(table, "No services: is the supervisor still starting?");
  return kDone;
}

// A verb that needs nothing but the name of the service.
template <typename Request>
void AddChange(Command& command, CLI::App* noun, const std::string& verb,
               const std::string& description,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                            admin::ChangeResponse*),
               const Request& base = {}) {
  auto request = std::make_shared<Request>(base);
  auto name = std::make_shared<std::string>();
  CLI::App* app = command.Verb(noun, verb, description, [=](Client& client) -> int {
    request->set_name(*name);
    auto reply = client.Call(method, *request);
    if (!reply) return client.Report(reply.error());
    return PrintChange(client, *reply);
  });
  app->add_option("NAME", *name, "system, vrrp, haproxy or stunnel")->required();
  if constexpr (std::is_same_v<Request, admin::StopServiceRequest>) {
    app->add_flag_function(
        "--now", [request](int64_t) { request->set_now(true); },
        "Close sessions at once instead of draining them for 30 s");
  }
}

admin::SetStartModeRequest StartMode(admin::Service::StartMode mode) {
  admin::SetStartModeRequest request;
  request.set_start_mode(mode);
  return request;
}

}  // namespace

void AddService(Command& command) {
  CLI::App* noun = command.Noun("service", "The four services: system, vrrp, haproxy, stunnel",
                                "alohactl service reload haproxy");
  command.Verb(noun, "list", "State, start-up mode and workers of each service", List);
  AddChange(command, noun, "start", "Start a service", &Stub::StartService);
  AddChange(command, noun, "stop", "Close its listeners, drain its sessions, end its workers",
            &Stub::StopService);
  AddChange(command, noun, "restart", "Replace its processes; listening sockets are kept",
            &Stub::RestartService);
  AddChange(command, noun, "reload", "Apply the running configuration again, dropping nothing",
            &Stub::ReloadService);
  AddChange(command, noun, "auto", "Start it with the system", &Stub::SetStartMode,
            StartMode(admin::Service::AUTO));
  AddChange(command, noun, "manual", "Start it only by hand", &Stub::SetStartMode,
            StartMode(admin::Service::MANUAL));
}

}  // namespace aloha::cli
