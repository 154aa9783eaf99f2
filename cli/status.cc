// alohactl status: is mail served? One line per virtual service and server.
#include <fmt/format.h>

#include "admin/v1/admin.grpc.pb.h"
#include "admin/v1/configuration.grpc.pb.h"
#include "admin/v1/traffic.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"

namespace aloha::cli {
namespace {

// What a virtual service does that has no servers of its own.
std::string WithoutServers(const admin::VirtualService& service) {
  if (!service.redirect().empty()) return "redirects to " + service.redirect();
  if (service.routes().empty()) return "it has no servers";
  return service.serving() ? "its routes lead to others" : "no server of its routes can serve";
}

Table ServersTable(const admin::ListVirtualServicesResponse& list) {
  Table table(
      {"VIRTUAL SERVICE", "SERVER", "ADDRESS", "CHECK", "ADMIN", ">SESSIONS", ">SINCE", "REASON"});
  for (const admin::VirtualService& service : list.virtual_services()) {
    if (service.servers().empty()) {
      table.Add({service.name(), "-", "-",
                 service.serving() ? Cell("-") : Cell("DOWN", Color::kBad), "-", service.sessions(),
                 "-", WithoutServers(service)});
    }
    for (const admin::Server& server : service.servers()) {
      table.Add({service.name(), server.name(), AddressOf(server), CheckCell(server),
                 AdminCell(server.admin_state()), server.sessions(), Age(server.since_us()),
                 server.reason()});
    }
  }
  return table;
}

// Prints what is wrong beyond single servers to stderr, and says whether anything is down.
bool ReportTrouble(Client& client, const admin::ListServicesResponse& services,
                   const admin::ListVirtualServicesResponse& list) {
  std::ostream& err = client.output().err();
  bool down = false;
  for (const admin::Service& service : services.services()) {
    if (service.state() != admin::Service::NOK) continue;
    down = true;
    err << fmt::format("service {} is NOK: {}\n", service.name(), Printable(service.reason()));
  }
  for (const admin::VirtualService& service : list.virtual_services()) {
    int servers_down = 0;
    for (const admin::Server& server : service.servers()) servers_down += IsDown(server);
    down = down || servers_down > 0 || !service.serving();
    if (!service.serving()) {
      err << fmt::format("{} is not served: no server can take a session, or it does not listen\n",
                         service.name());
    } else if (servers_down > 0) {
      err << fmt::format("{}: {} of {} servers down\n", service.name(), servers_down,
                         service.servers_size());
    }
  }
  return down;
}

// What an administrator should know although it is not down.
void ReportNotes(Client& client, const admin::GetConfigResponse& config) {
  std::ostream& err = client.output().err();
  for (const admin::Area& area : config.areas()) {
    if (area.state() != admin::Area::INCOMPLETE) continue;
    err << fmt::format("{} is INCOMPLETE: {}\n", area.name(), Printable(area.reason()));
  }
  if (config.confirm_within_s() != 0) {
    err << fmt::format(
        "the configuration is undone in {} s unless confirmed: alohactl config confirm\n",
        config.confirm_within_s());
  } else if (config.unsaved_changes()) {
    err << "unsaved changes: alohactl config save\n";
  }
}

int Status(Client& client) {
  auto services = client.List(&admin::Services::Stub::ListServices, admin::ListServicesRequest());
  if (!services) return client.Report(services.error());
  auto list = client.List(&admin::VirtualServices::Stub::ListVirtualServices,
                          admin::ListVirtualServicesRequest());
  if (!list) return client.Report(list.error());
  auto config = client.Call(&admin::Configuration::Stub::GetConfig, admin::GetConfigRequest());
  if (!config) return client.Report(config.error());

  Output& output = client.output();
  if (!output.Structured(*list)) {
    output.Write(
        ServersTable(*list),
        "No virtual services run. Add servers and switch an area on: alohactl config edit");
    output.out() << std::flush;
  }
  ReportNotes(client, *config);
  return ReportTrouble(client, *services, *list) ? kRefused : kDone;
}

}  // namespace

void AddStatus(Command& command) {
  command
      .Verb(
          command.root, "status",
          "Is mail served? One line per virtual service and server; exit 1 when something is down",
          Status)
      ->footer("Example:\n  alohactl status || alohactl event list");
}

}  // namespace aloha::cli
