// One service of one simulated server: where it listens, how it misbehaves now, and what it has
// counted.
#ifndef ALOHA_TESTS_FARM_SERVICE_H_
#define ALOHA_TESTS_FARM_SERVICE_H_

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aloha::farm {

class Session;
struct Server;

// What a service does instead of its work; changed at run time through the control port.
enum class Fault {
  kNone,
  kFail,   // answers with its protocol's "not now" and closes
  kStall,  // accepts and stays silent, as a frozen server does
  kReset,  // resets every connection
  kSlow,   // answers late
};

// What speaks on a port. The handler runs until the session ends; it may end by an
// asio::system_error, which its caller catches.
struct Protocol {
  asio::awaitable<void> (*serve)(Session& session);
  // What Fault::kFail answers, given the server's name.
  std::string (*refusal)(const std::string& server);
};

// Single-threaded, like everything here. A directory of the HTTP service ("owa", "ews" …) is a
// Service without a port: it has faults and counters of its own.
struct Service {
  Service(asio::io_context& loop, const Server& of, std::string_view service_name)
      : server(of),
        name(service_name),
        acceptor(loop),
        fault_changed(loop, asio::steady_timer::time_point::max()) {}

  const Server& server;
  std::string name;  // "imap"
  const Protocol* protocol = nullptr;
  asio::ip::tcp::endpoint endpoint;
  asio::ip::tcp::acceptor acceptor;  // closed while the service is down
  asio::ssl::context* tls =
      nullptr;  // not owned; the certificate for implicit TLS and for STARTTLS
  bool implicit_tls = false;
  bool starttls = false;  // offered; only where the protocol has it

  Fault fault = Fault::kNone;
  std::chrono::milliseconds delay{0};  // for Fault::kSlow
  asio::steady_timer fault_changed;    // never fires; is cancelled when the fault changes

  uint64_t connections = 0;  // accepted since the start or the last "clear"
  uint64_t requests = 0;     // commands, PDUs or HTTP requests
  std::set<Session*> live;
};

// One simulated machine.
struct Server {
  std::string name;  // "CAS1"
  std::vector<std::unique_ptr<Service>> services;

  // Null when it has none of that name.
  Service* Find(std::string_view service_name) const {
    for (const auto& service : services) {
      if (service->name == service_name) return service.get();
    }
    return nullptr;
  }
};

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_SERVICE_H_
