// The simulated servers: made, bound, taken down and brought back.
#ifndef ALOHA_TESTS_FARM_FARM_H_
#define ALOHA_TESTS_FARM_FARM_H_

#include <asio/io_context.hpp>
#include <asio/ip/address_v4.hpp>
#include <asio/ssl/context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/farm/certificate.h"
#include "tests/farm/service.h"

namespace aloha::farm {

struct FarmOptions {
  int num_cas = 2;
  int num_hub = 2;
  asio::ip::address_v4 cas_address;  // of CAS1; the others follow
  asio::ip::address_v4 hub_address;  // of HUB1; may be the same: the ports differ
  // Port of every service by name; 0: any free port, the same on all servers.
  std::map<std::string, uint16_t, std::less<>> ports;
  TlsOptions tls;
  bool starttls = true;  // offered on the ports in clear
};

// Ports of all services: the real one plus `offset`; RPC at `offset` + 600 and + 601, because 60000
// has no room above.
std::map<std::string, uint16_t, std::less<>> DefaultPorts(uint16_t offset);

// Runs on one thread; everything happens in `loop`.
class Farm {
 public:
  // Binds and serves. Throws asio::system_error when a port is taken or the TLS library refuses.
  Farm(asio::io_context& loop, const FarmOptions& options);

  // The services that a command names; "all" stands for every server or service. Empty: there is
  // none.
  std::vector<Service*> Select(std::string_view server, std::string_view service) const;

  void SetFault(Service& service, Fault fault, std::chrono::milliseconds delay);
  // Closes the listener and every connection, as a machine does that dies. Down already: nothing
  // happens.
  void TakeDown(Service& service);
  // Listens again on the same port. Throws asio::system_error when somebody took it.
  void BringUp(Service& service);

  const std::vector<std::unique_ptr<Server>>& servers() const { return servers_; }
  // {"servers":[{"name":"CAS1","address":"127.0.0.2","services":{"imap":{"port":20143,"state":"ok"},
  // …}}, …]}
  std::string DescribeJson() const;
  // {"CAS1":{"imap":{"connections":3,"live":1,"requests":9}, …}, …}
  std::string CountsJson() const;

 private:
  void AddServer(const std::string& name, bool hub, const asio::ip::address_v4& address,
                 const FarmOptions& options);

  asio::io_context& loop_;
  std::map<std::string, uint16_t, std::less<>> ports_;
  std::vector<std::unique_ptr<asio::ssl::context>> tls_;
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_FARM_H_
