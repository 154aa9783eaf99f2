// The part of the configurator that keeps what administrators want of single servers.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "supervisor/config/state_file.h"
#include "supervisor/configurator.h"

namespace aloha::supervisor {

// A virtual service stands for those that its routes lead to as well: its pools, or the directories
// of https.
std::vector<Configurator::ServerName> Configurator::ServersMeant(const std::string& name) const {
  const size_t slash = name.find('/');
  const bool bare = slash == std::string::npos;
  const std::string server_name = bare ? name : name.substr(slash + 1);
  std::set<std::string> services = {name.substr(0, slash)};
  for (const worker::v1::VirtualService& service : compiled_.proxy.services()) {
    if (bare || service.name() != name.substr(0, slash)) continue;
    for (const auto& route : service.http().routes()) services.insert(route.service());
  }
  std::vector<ServerName> meant;
  for (const worker::v1::VirtualService& service : compiled_.proxy.services()) {
    if (!bare && !services.contains(service.name())) continue;
    for (const worker::v1::Server& server : service.servers()) {
      if (server.name() == server_name) meant.emplace_back(service.name(), server.name());
    }
  }
  return meant;
}

bool Configurator::IsExchangeServer(const std::string& name) const {
  const auto has = [&](const auto& servers) {
    return std::any_of(servers.begin(), servers.end(),
                       [&](const auto& server) { return server.name() == name; });
  };
  return has(running_.config.cas_server()) || has(running_.config.hub_server());
}

asio::awaitable<Result<std::vector<Configurator::ServerName>>> Configurator::SetServerState(
    std::string name, worker::v1::AdminState state) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  std::vector<ServerName> meant = ServersMeant(name);
  if (meant.empty()) {
    co_return Fail(Code::kNotFound,
                   fmt::format("there is no server \"{}\"; alohactl server list shows them",
                               EscapeForLog(name)));
  }
  CompileInput input = input_;
  config::v1::ServerStates& states = input.states;
  states.Clear();
  for (const config::v1::ServerAdminState& known : input_.states.server()) {
    const bool replaced = std::any_of(meant.begin(), meant.end(), [&](const ServerName& server) {
      return server.second == known.server() &&
             (known.service().empty() || known.service() == server.first);
    });
    if (!replaced) *states.add_server() = known;
  }
  if (IsExchangeServer(name) && state != worker::v1::ADMIN_STATE_READY) {
    // For the services that a later configuration makes of it.
    config::v1::ServerAdminState* wish = states.add_server();
    wish->set_server(name);
    wish->set_state(state);
  }
  for (const auto& [service, server] : meant) {
    if (state == worker::v1::ADMIN_STATE_READY) continue;
    config::v1::ServerAdminState* wish = states.add_server();
    wish->set_service(service);
    wish->set_server(server);
    wish->set_state(state);
  }
  Compiled next = Compile(running_.config, input);
  const auto deployed =
      co_await Deploy(next, [&] { return WriteState(StatePath("servers.textproto"), states); });
  if (!deployed) co_return tl::make_unexpected(deployed.error());
  input_ = std::move(input);
  compiled_ = std::move(next);
  hooks_.changed();
  co_return meant;
}

}  // namespace aloha::supervisor
