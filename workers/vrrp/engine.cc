#include "workers/vrrp/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "workers/vrrp/clock.h"

namespace aloha::vrrp {
namespace {

constexpr std::chrono::milliseconds kReleasePoll{1};

bool IsLinkLocal(const net::Ip& ip) { return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80; }

// What adverts of that family are sent from: its first address, of IPv6 its first link-local one.
std::optional<net::Ip> SourceOf(const worker::v1::InterfaceState& state, bool ipv6) {
  for (const std::string& text : state.addresses()) {
    const Result<net::Ip> ip = net::ParseIp(text.substr(0, text.find('/')));
    if (!ip || net::IsIpv4(*ip) == ipv6) continue;
    if (!ipv6 || IsLinkLocal(*ip)) return *ip;
  }
  return {};
}

}  // namespace

Engine::Engine(asio::io_context& loop, Log& log, std::function<void()> on_change)
    : loop_(loop),
      log_(log),
      on_change_(std::move(on_change)),
      system_(loop, *this),
      timer_(loop),
      stop_timer_(loop) {}

void Engine::Apply(std::vector<RouterSpec> plan, std::map<SocketKey, UniqueFd> sockets) {
  system_.Receive();  // what it said after its own commit
  const Moment now = Now();
  std::vector<std::unique_ptr<Router>> old = std::exchange(routers_, {});
  for (auto& [key, fd] : sockets) {
    auto port = std::make_shared<Port>(loop_, key, std::move(fd));
    if (HasSocket(key)) port->interface_index = ports_.at(key)->interface_index;
    ports_[key] = std::move(port);
  }
  std::vector<Router*> fresh;
  for (RouterSpec& spec : plan) {
    const auto same = std::find_if(old.begin(), old.end(), [&spec](const auto& router) {
      return router && !router->stopped() && router->spec().SameRouter(spec);
    });
    if (same == old.end()) {
      RouterActions& actions = *this;
      routers_.push_back(std::make_unique<Router>(std::move(spec), actions, now));
      fresh.push_back(routers_.back().get());
    } else {
      routers_.push_back(std::move(*same));
      routers_.back()->Reconfigure(std::move(spec), now);
    }
  }
  for (const auto& gone : old) {
    if (gone) gone->Stop(true, now);
  }
  std::erase_if(ports_, [this](const auto& port) { return RoutersOf(port.first).empty(); });
  for (const auto& [key, port] : ports_) {
    if (!sockets.contains(key)) continue;
    const auto* state = system_.FindInterface(key.interface);
    if (state != nullptr) TellPort(*port, *state);
    Wait(port);
  }
  for (Router* router : fresh) {
    router->SetHindrances(hindrances_, now);
    if (const auto* state = system_.FindAddresses(router->spec().name)) OnAddresses(*state);
    const auto* state = system_.FindInterface(router->spec().socket.interface);
    if (state != nullptr) TellInterface(*router, *state);
  }
  on_change_();
  Arm();
}

std::vector<std::pair<SocketKey, int>> Engine::Sockets() const {
  std::vector<std::pair<SocketKey, int>> sockets;
  for (const auto& [key, port] : ports_) sockets.emplace_back(key, port->socket.fd());
  return sockets;
}

std::vector<Router*> Engine::RoutersOf(const SocketKey& key) const {
  std::vector<Router*> routers;
  for (const auto& router : routers_) {
    if (router->spec().socket == key) routers.push_back(router.get());
  }
  return routers;
}

void Engine::ConnectSystem(UniqueFd socket) { system_.Connect(std::move(socket)); }

void Engine::SetHindrances(std::vector<worker::v1::VrrpHindrance> hindrances) {
  hindrances_ = std::move(hindrances);
  for (const auto& router : routers_) router->SetHindrances(hindrances_, Now());
  Arm();
}

void Engine::OnSystem() {
  for (const auto& router : routers_) router->OnSystem();
}

void Engine::OnAddresses(const worker::v1::AddressState& state) {
  for (const auto& router : routers_) {
    if (router->spec().name == state.router()) {
      router->OnAddresses(state.held(), state.problem(), Now());
    }
  }
  Arm();
}

void Engine::OnInterface(const worker::v1::InterfaceState& state) {
  for (const auto& [key, port] : ports_) {
    if (key.interface == state.interface()) TellPort(*port, state);
  }
  for (const auto& router : routers_) {
    if (router->spec().socket.interface == state.interface()) TellInterface(*router, state);
  }
  Arm();
}

void Engine::TellInterface(Router& router, const worker::v1::InterfaceState& state) {
  const SocketKey& key = router.spec().socket;
  const std::optional<net::Ip> source = SourceOf(state, key.ipv6);
  if (!state.up()) {
    const char* what = state.index() == 0 ? "is not there" : "is down or has no carrier";
    router.OnInterface({}, fmt::format("{} {}", key.interface, what), Now());
  } else if (!source) {
    const char* what = key.ipv6 ? "link-local IPv6" : "IPv4";
    router.OnInterface({}, fmt::format("{} has no {} address", key.interface, what), Now());
  } else {
    router.OnInterface(source, {}, Now());
  }
}

void Engine::TellPort(Port& port, const worker::v1::InterfaceState& state) {
  port.interface_index = state.index();
  if (state.up()) port.socket.Join(state.index());
}

void Engine::Stop(bool goodbye, std::chrono::milliseconds timeout, std::function<void()> done) {
  const Moment now = Now();
  for (const auto& router : routers_) router->Stop(goodbye, now);
  // What arrives from now on is for the process that comes after this one.
  ports_.clear();
  Arm();
  AwaitRelease(now.time + timeout, std::move(done));
}

void Engine::AwaitRelease(TimePoint deadline, std::function<void()> done) {
  if (!system_.busy() || Now().time >= deadline) return done();
  stop_timer_.expires_after(kReleasePoll);
  stop_timer_.async_wait([this, deadline, done = std::move(done)](const asio::error_code& error) {
    if (!error) AwaitRelease(deadline, done);
  });
}

void Engine::Describe(worker::v1::VrrpState* out_state) {
  for (const auto& [key, port] : ports_) CountKernelDrops(*port);
  for (const auto& router : routers_) router->Describe(out_state->add_routers());
}

void Engine::Ask(const Router& router, Action::Action action) {
  system_.Ask(router.spec().name, action);
}

void Engine::Changed(const Router&) { on_change_(); }

void Engine::Tell(const Router& router, bool warning, const std::string& text) {
  const RouterSpec& spec = router.spec();
  log_.Write(warning ? LogLevel::kWarning : LogLevel::kInfo,
             fmt::format("router {} ({}, VRID {}) {}", EscapeForLog(spec.name),
                         EscapeForLog(spec.socket.interface), spec.vrid, text));
}

// Adverts that wait come first: a process that was held up must not take its own delay for the
// master's death.
void Engine::RunDue() {
  for (const auto& [key, port] : ports_) Receive(*port);
  const Moment now = Now();
  for (const auto& router : routers_) router->RunDue(now);
  for (const auto& [key, port] : ports_) {
    if (!port->filter.active() || port->filter.next_due() > now.time) continue;
    CountKernelDrops(*port);
    port->filter.End();
  }
}

void Engine::Arm() {
  TimePoint due = TimePoint::max();
  for (const auto& router : routers_) due = std::min(due, router->next_due());
  for (const auto& [key, port] : ports_) due = std::min(due, port->filter.next_due());
  if (due >= armed_) return;  // one that ends early finds nothing to do, and is set again
  armed_ = due;
  timer_.expires_at(due);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    armed_ = TimePoint::min();  // what happens meanwhile needs no timer
    RunDue();
    armed_ = TimePoint::max();
    Arm();
  });
}

}  // namespace aloha::vrrp
