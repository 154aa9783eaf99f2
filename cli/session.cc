// alohactl session: connections of clients.
#include <fmt/format.h>

#include <memory>

#include "admin/v1/traffic.grpc.pb.h"
#include "cli/command.h"

namespace aloha::cli {
namespace {

using Stub = admin::Sessions::Stub;

struct Filter {
  std::string virtual_service;
  std::string server;
  std::string client;
  uint64_t id = 0;
  bool all = false;

  template <typename Request>
  Request Apply() const {
    Request request;
    request.set_virtual_service(virtual_service);
    request.set_server(server);
    request.set_client_address(client);
    return request;
  }
};

void AddFilter(CLI::App* app, Filter& filter) {
  app->add_option("--virtual-service", filter.virtual_service, "Only sessions of this one");
  app->add_option("--server", filter.server, "Only sessions on this server");
  app->add_option("--client", filter.client, "Only sessions of this client address");
}

std::string Milliseconds(uint64_t ms) {
  return ms < 1000 ? fmt::format("{}ms", ms) : Duration(static_cast<int64_t>(ms / 1000));
}

int List(Client& client, const Filter& filter) {
  auto reply = client.List(&Stub::ListSessions, filter.Apply<admin::ListSessionsRequest>());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({">ID", "VIRTUAL SERVICE", "CLIENT", "SERVER", "STATE", ">AGE", ">IDLE", ">IN",
               ">OUT", "TLS NAME", ">REQUESTS", "REQUEST"});
  for (const admin::Session& session : reply->sessions()) {
    table.Add({session.id(), session.virtual_service(), session.client(), session.server(),
               session.state(), Milliseconds(session.age_ms()), Milliseconds(session.idle_ms()),
               Bytes(session.bytes_from_client()), Bytes(session.bytes_to_client()), session.sni(),
               session.requests() == 0 ? Cell("") : Cell(session.requests()), session.request()});
  }
  output.Write(table, "No sessions match. Is anything up? alohactl status");
  return kDone;
}

// --all: the API asks which sessions are meant, so every virtual service is named in turn.
int CloseAll(Client& client) {
  auto services = client.List(&admin::VirtualServices::Stub::ListVirtualServices,
                              admin::ListVirtualServicesRequest());
  if (!services) return client.Report(services.error());
  admin::CloseSessionResponse total;
  for (const admin::VirtualService& service : services->virtual_services()) {
    admin::CloseSessionRequest request;
    request.set_virtual_service(service.name());
    auto reply = client.Call(&Stub::CloseSession, request);
    if (!reply) return client.Report(reply.error());
    total.set_closed(total.closed() + reply->closed());
    *total.mutable_event() = reply->event();
  }
  Output& output = client.output();
  if (!output.Structured(total)) output.out() << total.closed() << " sessions closed\n";
  return kDone;
}

int Close(Client& client, const Filter& filter) {
  if (filter.all) return CloseAll(client);
  auto request = filter.Apply<admin::CloseSessionRequest>();
  request.set_id(filter.id);
  auto reply = client.Call(&Stub::CloseSession, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (filter.id != 0 && reply->closed() == 0) {
    output.err() << fmt::format("alohactl: there is no session {}; it may have ended\n", filter.id);
    return kRefused;
  }
  if (!output.Structured(*reply)) output.out() << reply->closed() << " sessions closed\n";
  return kDone;
}

void CheckSelection(const Filter& filter) {
  const bool some =
      !filter.virtual_service.empty() || !filter.server.empty() || !filter.client.empty();
  const int kinds =
      static_cast<int>(filter.id != 0) + static_cast<int>(some) + static_cast<int>(filter.all);
  if (kinds != 1) {
    throw CLI::ValidationError("session close",
                               "say which: ID, or --virtual-service, --server, --client, or --all");
  }
}

}  // namespace

void AddSession(Command& command) {
  CLI::App* noun = command.Noun("session", "Connections of clients",
                                "alohactl session close --client 192.0.2.7");
  auto list_filter = std::make_shared<Filter>();
  CLI::App* list = command.Verb(noun, "list", "Who is connected to what",
                                [=](Client& client) { return List(client, *list_filter); });
  AddFilter(list, *list_filter);

  auto filter = std::make_shared<Filter>();
  CLI::App* close = command.Verb(noun, "close", "Close one session, or all that match",
                                 [=](Client& client) { return Close(client, *filter); });
  close->add_option("ID", filter->id, "From alohactl session list")->check(CLI::PositiveNumber);
  AddFilter(close, *filter);
  close->add_flag("--all", filter->all, "Every session of every virtual service");
  close->parse_complete_callback([filter] { CheckSelection(*filter); });
}

}  // namespace aloha::cli
