// alohactl server: servers of virtual services and their administrative state.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "admin/v1/traffic.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"

namespace aloha::cli {
namespace {

using Stub = admin::Servers::Stub;

constexpr auto kPollInterval = std::chrono::milliseconds(500);

struct ListOptions {
  std::string virtual_service;
};

struct SetOptions {
  std::string server;
  bool wait = false;
};

int List(Client& client, const ListOptions& options) {
  admin::ListServersRequest request;
  request.set_virtual_service(options.virtual_service);
  auto reply = client.List(&Stub::ListServers, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"VIRTUAL SERVICE", "SERVER", "ADDRESS", ">WEIGHT", "CHECK", "ADMIN", ">SESSIONS",
               ">TOTAL", ">SINCE", "LAST CHECK"});
  for (const admin::Server& server : reply->servers()) {
    table.Add({server.virtual_service(), server.name(), AddressOf(server), server.weight(),
               CheckCell(server), AdminCell(server.admin_state()), server.sessions(),
               server.sessions_total(), Age(server.since_us()), server.last_check()});
  }
  output.Write(table,
               "No servers. Add one: alohactl config set cas_server[+] "
               "'name: \"CAS1\" address: \"10.0.0.15\"'");
  return kDone;
}

// What is still missing until the servers of `meant` are where the administrator wants them:
// sessions that are left, or, for READY, servers that are not up yet.
uint64_t Missing(const admin::ListServersResponse& all,
                 const google::protobuf::RepeatedPtrField<admin::Server>& meant,
                 admin::Server::AdminState state) {
  uint64_t missing = 0;
  for (const admin::Server& server : all.servers()) {
    bool is_meant = std::any_of(meant.begin(), meant.end(), [&](const admin::Server& m) {
      return m.virtual_service() == server.virtual_service() && m.name() == server.name();
    });
    if (!is_meant) continue;
    missing += state == admin::Server::READY ? server.check_state() != admin::Server::UP
                                             : server.sessions();
  }
  return missing;
}

// Waits for Missing() to become 0; --timeout, where given, bounds it.
int Wait(Client& client, const admin::SetServerStateResponse& change,
         admin::Server::AdminState state) {
  const char* what = state == admin::Server::READY ? "servers not up" : "sessions left";
  const bool progress = client.output().terminal();
  std::ostream& err = client.output().err();
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    auto all = client.List(&Stub::ListServers, admin::ListServersRequest());
    if (!all) return client.Report(all.error());
    const uint64_t missing = Missing(*all, change.servers(), state);
    if (progress) err << fmt::format("\r\033[K{} {}", missing, what) << std::flush;
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    const bool expired =
        client.options().timeout_s && waited.count() >= *client.options().timeout_s;
    if (missing == 0 || expired) {
      if (progress) err << "\r\033[K";
      if (missing == 0) return kDone;
      err << fmt::format("alohactl: {} {} after {:g} s\n", missing, what,
                         *client.options().timeout_s);
      return kRefused;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

int SetState(Client& client, const SetOptions& options, admin::Server::AdminState state) {
  admin::SetServerStateRequest request;
  request.set_server(options.server);
  request.set_admin_state(state);
  auto reply = client.Call(&Stub::SetServerState, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (!output.Structured(*reply)) {
    for (const admin::Server& server : reply->servers()) {
      output.out() << fmt::format("{}/{} is {}\n", Printable(server.virtual_service()),
                                  Printable(server.name()), AdminCell(state).text);
    }
  }
  output.out() << std::flush;
  return options.wait ? Wait(client, *reply, state) : kDone;
}

void AddSet(Command& command, CLI::App* noun, const std::string& verb,
            const std::string& description, const std::string& wait,
            admin::Server::AdminState state) {
  auto options = std::make_shared<SetOptions>();
  CLI::App* app = command.Verb(noun, verb, description, [options, state](Client& client) {
    return SetState(client, *options, state);
  });
  app->add_option("SERVER", options->server,
                  "A server in all its services, or VIRTUAL-SERVICE/SERVER for one of them")
      ->required();
  app->add_flag("--wait", options->wait, wait + "; --timeout bounds the wait");
}

}  // namespace

void AddServer(Command& command) {
  CLI::App* noun = command.Noun("server", "Servers behind the virtual services",
                                "alohactl server drain CAS1 --wait");
  auto options = std::make_shared<ListOptions>();
  command
      .Verb(noun, "list", "State and sessions of each server",
            [options](Client& client) { return List(client, *options); })
      ->add_option("--virtual-service", options->virtual_service, "Only those of this one");
  AddSet(command, noun, "drain", "Keep its sessions, give it no new ones",
         "Return when no session is left", admin::Server::DRAIN);
  AddSet(command, noun, "maintenance", "Take it out: its sessions are closed",
         "Return when no session is left", admin::Server::MAINTENANCE);
  AddSet(command, noun, "ready", "Let it take sessions again", "Return when its checks pass",
         admin::Server::READY);
}

}  // namespace aloha::cli
