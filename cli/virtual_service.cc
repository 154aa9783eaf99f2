// alohactl virtual-service: what listens for clients.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "admin/v1/traffic.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"

namespace aloha::cli {
namespace {

using Stub = admin::VirtualServices::Stub;

Cell ServingCell(bool serving) {
  return serving ? Cell("yes", Color::kGood) : Cell("NO", Color::kBad);
}

int List(Client& client) {
  auto reply = client.List(&Stub::ListVirtualServices, admin::ListVirtualServicesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table(
      {"NAME", "AREA", "PROTOCOL", "LISTENERS", "BALANCE", ">SERVERS UP", ">SESSIONS", "SERVING"});
  for (const admin::VirtualService& service : reply->virtual_services()) {
    int up = 0;
    for (const admin::Server& server : service.servers()) {
      up += server.check_state() == admin::Server::UP;
    }
    table.Add({service.name(), service.area(), service.protocol(),
               fmt::format("{}", fmt::join(service.listeners(), " ")), service.balance(),
               fmt::format("{}/{}", up, service.servers_size()), service.sessions(),
               ServingCell(service.serving())});
  }
  output.Write(table,
               "No virtual services run. Add servers and switch an area on: alohactl config edit");
  return kDone;
}

std::string Milliseconds(uint64_t ms) {
  return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{} ms", ms);
}

void PrintRoutes(Output& output, const admin::VirtualService& service) {
  if (service.routes().empty()) return;
  Table routes({"PATH", "GOES TO", "ALLOWED FROM"});
  for (const admin::Route& route : service.routes()) {
    routes.Add(
        {route.path_prefix(), route.virtual_service().empty() ? "403" : route.virtual_service(),
         route.allow_from().empty() ? "everybody"
                                    : fmt::format("{}", fmt::join(route.allow_from(), " "))});
  }
  output.out() << "\n";
  output.Write(routes, "");
}

void PrintService(Output& output, const admin::VirtualService& service) {
  Table head({service.name(), service.area().empty() ? "generic" : "area " + service.area()});
  head.Add({"protocol", service.protocol()});
  head.Add({"listeners", fmt::format("{}", fmt::join(service.listeners(), " "))});
  head.Add({"balance", service.balance()});
  head.Add({"persistence", service.persistence()});
  head.Add({"idle timeout", Milliseconds(service.idle_timeout_ms())});
  head.Add({"connect timeout", Milliseconds(service.connect_timeout_ms())});
  head.Add({"sessions", service.sessions()});
  head.Add({"serving", ServingCell(service.serving())});
  if (!service.redirect().empty()) head.Add({"redirects to", service.redirect()});
  output.Write(head, "");
  PrintRoutes(output, service);

  Table servers({"SERVER", "ADDRESS", ">WEIGHT", "CHECK", "ADMIN", ">SESSIONS", ">TOTAL", ">SINCE",
                 "LAST CHECK"});
  Table results({"SERVER", "CHECK", "TIME", "RESULT", ">DURATION", "REASON"});
  for (const admin::Server& server : service.servers()) {
    servers.Add({server.name(), AddressOf(server), server.weight(), CheckCell(server),
                 AdminCell(server.admin_state()), server.sessions(), server.sessions_total(),
                 Age(server.since_us()), server.last_check()});
    for (const admin::CheckResult& result : server.results()) {
      results.Add({server.name(), result.check(), LocalTime(result.time_us()),
                   result.success() ? Cell("ok", Color::kGood) : Cell("failed", Color::kBad),
                   fmt::format("{:.1f} ms", static_cast<double>(result.duration_us()) / 1000),
                   result.reason()});
    }
  }
  output.out() << "\n";
  const bool answers_alone = !service.redirect().empty() || !service.routes().empty();
  output.Write(servers,
               answers_alone ? "No servers of its own." : "No servers: alohactl config edit");
  if (!results.empty()) {
    output.out() << "\n";
    output.Write(results, "");
  }
}

int Show(Client& client, const std::string& name) {
  admin::GetVirtualServiceRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::GetVirtualService, request);
  if (!reply) return client.Report(reply.error());
  if (!client.output().Structured(*reply)) PrintService(client.output(), *reply);
  return kDone;
}

}  // namespace

void AddVirtualService(Command& command) {
  CLI::App* noun = command.Noun("virtual-service", "What listens for clients",
                                "alohactl virtual-service show imap");
  command.Verb(noun, "list", "Listeners, balancing and servers of each", List);
  auto name = std::make_shared<std::string>();
  command
      .Verb(noun, "show", "One of them with its servers and their newest checks",
            [name](Client& client) { return Show(client, *name); })
      ->add_option("NAME", *name, "Name of the virtual service")
      ->required();
}

}  // namespace aloha::cli
