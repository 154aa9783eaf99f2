#include "tests/farm/farm.h"

#include <fmt/format.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>

#include "tests/farm/protocols.h"
#include "tests/farm/session.h"

namespace aloha::farm {
namespace {

using asio::ip::tcp;

struct Offer {
  std::string_view name;
  bool hub;
  uint16_t real_port;
  uint16_t offset_port;  // added to the offset
  const Protocol& protocol;
  bool implicit_tls;
};

constexpr std::array kOffers = {
    Offer{"imap", false, 143, 143, kImap, false},
    Offer{"imaps", false, 993, 993, kImap, true},
    Offer{"pop3", false, 110, 110, kPop3, false},
    Offer{"pop3s", false, 995, 995, kPop3, true},
    Offer{"mapper", false, 135, 135, kRpc, false},
    Offer{"rpc", false, 60000, 600, kRpc, false},
    Offer{"addressbook", false, 60001, 601, kRpc, false},
    Offer{"http", false, 80, 80, kHttp, false},
    Offer{"https", false, 443, 443, kHttp, true},
    Offer{"smtp", true, 25, 25, kSmtp, false},
    Offer{"submission", true, 587, 587, kSmtp, false},
    Offer{"smtps", true, 465, 465, kSmtp, true},
};

constexpr int kTriesForFreePort = 50;

std::string_view FaultName(const Service& service) {
  if (service.protocol != nullptr && !service.acceptor.is_open()) return "down";
  switch (service.fault) {
    case Fault::kNone:
      return "ok";
    case Fault::kFail:
      return "fail";
    case Fault::kStall:
      return "stall";
    case Fault::kReset:
      return "reset";
    case Fault::kSlow:
      return "slow";
  }
  return "";
}

asio::awaitable<void> RunSession(tcp::socket socket, Service& service) {
  Session session(std::move(socket), service);
  co_await session.Run();
}

// Until the acceptor is closed. Out of descriptors, it waits for some to come back.
asio::awaitable<void> Accept(Service& service) {
  constexpr auto kNoThrow = asio::experimental::as_tuple(asio::use_awaitable);
  while (service.acceptor.is_open()) {
    auto [error, socket] = co_await service.acceptor.async_accept(kNoThrow);
    if (!error) {
      ++service.connections;
      asio::co_spawn(service.acceptor.get_executor(), RunSession(std::move(socket), service),
                     asio::detached);
    } else if (error != asio::error::operation_aborted) {
      asio::steady_timer pause(service.acceptor.get_executor(), std::chrono::milliseconds(20));
      co_await pause.async_wait(kNoThrow);
    }
  }
}

void Open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen();
}

// A port that is free now on `count` addresses from `first` on.
uint16_t FreePort(asio::io_context& loop, const asio::ip::address_v4& first, int count) {
  for (int attempt = 0; attempt < kTriesForFreePort; ++attempt) {
    tcp::acceptor probe(loop, tcp::endpoint(first, 0));
    const uint16_t port = probe.local_endpoint().port();
    asio::error_code error;
    for (int i = 1; i < count && !error; ++i) {
      tcp::acceptor other(loop, tcp::v4());
      other.bind(tcp::endpoint(asio::ip::address_v4(first.to_uint() + i), port), error);
    }
    if (!error) return port;
  }
  throw asio::system_error(asio::error::address_in_use, "free port");
}

}  // namespace

std::map<std::string, uint16_t, std::less<>> DefaultPorts(uint16_t offset) {
  std::map<std::string, uint16_t, std::less<>> ports;
  for (const Offer& offer : kOffers) {
    ports[std::string(offer.name)] =
        offset == 0 ? offer.real_port : static_cast<uint16_t>(offset + offer.offset_port);
  }
  return ports;
}

Farm::Farm(asio::io_context& loop, const FarmOptions& options)
    : loop_(loop), ports_(options.ports) {
  for (const Offer& offer : kOffers) {
    uint16_t& port = ports_[std::string(offer.name)];
    const auto& first = offer.hub ? options.hub_address : options.cas_address;
    if (port == 0) port = FreePort(loop, first, offer.hub ? options.num_hub : options.num_cas);
  }
  for (int i = 0; i < options.num_cas; ++i) {
    AddServer(fmt::format("CAS{}", i + 1), false,
              asio::ip::address_v4(options.cas_address.to_uint() + i), options);
  }
  for (int i = 0; i < options.num_hub; ++i) {
    AddServer(fmt::format("HUB{}", i + 1), true,
              asio::ip::address_v4(options.hub_address.to_uint() + i), options);
  }
}

void Farm::AddServer(const std::string& name, bool hub, const asio::ip::address_v4& address,
                     const FarmOptions& options) {
  auto server = std::make_unique<Server>();
  server->name = name;
  tls_.push_back(MakeTlsContext(name, options.tls));
  for (const Offer& offer : kOffers) {
    if (offer.hub != hub) continue;
    auto service = std::make_unique<Service>(loop_, *server, offer.name);
    service->protocol = &offer.protocol;
    service->tls = tls_.back().get();
    service->implicit_tls = offer.implicit_tls;
    service->starttls = options.starttls && !offer.implicit_tls;
    service->endpoint = tcp::endpoint(address, ports_[service->name]);
    Open(service->acceptor, service->endpoint);
    asio::co_spawn(loop_, Accept(*service), asio::detached);
    server->services.push_back(std::move(service));
  }
  for (const Directory& directory : kDirectories) {
    if (!hub) server->services.push_back(std::make_unique<Service>(loop_, *server, directory.name));
  }
  servers_.push_back(std::move(server));
}

std::vector<Service*> Farm::Select(std::string_view server, std::string_view service) const {
  std::vector<Service*> selected;
  for (const auto& candidate : servers_) {
    if (server != "all" && server != candidate->name) continue;
    for (const auto& offered : candidate->services) {
      const bool listens = offered->protocol != nullptr;
      if (service == offered->name || (service == "all" && listens)) {
        selected.push_back(offered.get());
      }
    }
  }
  return selected;
}

void Farm::SetFault(Service& service, Fault fault, std::chrono::milliseconds delay) {
  service.fault = fault;
  service.delay = delay;
  service.fault_changed.cancel();
  if (fault == Fault::kReset) {
    for (Session* session : service.live) session->Close(true);
  }
}

void Farm::TakeDown(Service& service) {
  asio::error_code ignored;
  service.acceptor.close(ignored);
  for (Session* session : service.live) session->Close(false);
}

void Farm::BringUp(Service& service) {
  if (service.protocol == nullptr || service.acceptor.is_open()) return;
  Open(service.acceptor, service.endpoint);
  asio::co_spawn(loop_, Accept(service), asio::detached);
}

std::string Farm::DescribeJson() const {
  std::string servers;
  for (const auto& server : servers_) {
    std::string services;
    for (const auto& service : server->services) {
      services += fmt::format(R"({}"{}":{{"port":{},"state":"{}"}})", services.empty() ? "" : ",",
                              service->name, service->endpoint.port(), FaultName(*service));
    }
    servers += fmt::format(R"({}{{"name":"{}","address":"{}","services":{{{}}}}})",
                           servers.empty() ? "" : ",", server->name,
                           server->services.front()->endpoint.address().to_string(), services);
  }
  return R"({"servers":[)" + servers + "]}";
}

std::string Farm::CountsJson() const {
  std::string servers;
  for (const auto& server : servers_) {
    std::string services;
    for (const auto& service : server->services) {
      services += fmt::format(R"({}"{}":{{"connections":{},"live":{},"requests":{}}})",
                              services.empty() ? "" : ",", service->name, service->connections,
                              service->live.size(), service->requests);
    }
    servers += fmt::format(R"({}"{}":{{{}}})", servers.empty() ? "" : ",", server->name, services);
  }
  return "{" + servers + "}";
}

}  // namespace aloha::farm
