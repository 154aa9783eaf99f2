// What the two halves of compilation share: Exchange areas, and virtual services as written.
#ifndef ALOHA_SUPERVISOR_CONFIG_COMPILE_PARTS_H_
#define ALOHA_SUPERVISOR_CONFIG_COMPILE_PARTS_H_

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "supervisor/config/compile.h"
#include "supervisor/config/exchange.h"

namespace aloha::supervisor {

// Collects the output.
class Compilation {
 public:
  Compilation(const config::v1::Config& source, const CompileInput& input)
      : config(source), input_(input) {}

  // A virtual service with the defaults of time and retries.
  worker::v1::VirtualService* AddService(const std::string& name);
  void AddListener(worker::v1::VirtualService* service, const std::string& address, uint32_t port,
                   bool accept_proxy);
  // Makes the service use the table, which keeps entries at least so long.
  void UseStickTable(worker::v1::VirtualService* service, const std::string& table,
                     std::chrono::milliseconds expiry);
  // The same for persistence by the Authorization header.
  void UseAuthorizationTable(worker::v1::VirtualService* service, const std::string& table,
                             std::chrono::milliseconds expiry);
  // Makes the service use the cookie, and gives an opaque value to those of its servers that have
  // none; the service must have its servers already.
  void UseCookie(worker::v1::VirtualService* service, const worker::v1::PersistenceCookie& cookie);
  // Makes the service an HTTP one, with what all of them have in common.
  worker::v1::HttpRules* UseHttp(worker::v1::VirtualService* service);
  // A check with the defaults of intervals; its protocol is the caller's to set.
  worker::v1::Check* AddCheck(const std::string& id, const std::string& address, uint32_t port);
  void AddTarget(const std::string& service, const std::string& server,
                 const std::vector<std::string>& check_ids);
  // READY unless an administrator said otherwise, of the server of this service, or, in an Exchange
  // area, of the server.
  worker::v1::AdminState StateOf(const std::string& service, const std::string& server,
                                 bool in_exchange_area) const;

  // Stick tables, their key, and listeners, which need all services.
  void Finish();

  const config::v1::Config& config;
  Compiled out;

 private:
  const CompileInput& input_;
  std::map<std::string, std::chrono::milliseconds> tables_;
};

// "service/server".
std::string CheckId(const std::string& service, const std::string& server);

// The canonical text of an address, which is the name of a listener between processes.
std::string CanonicalAddress(const std::string& text);

// Clients of Exchange that come back within this time find their server (Exchange Web Services ask
// for 45 minutes).
inline constexpr std::chrono::milliseconds kLeastAffinity = std::chrono::hours(1);

// Parts of the virtual service of one port of an Exchange area.
void AddAreaListeners(Compilation& compilation, const AreaPort& port,
                      worker::v1::VirtualService* service);
void AddAreaServers(Compilation& compilation, Area area, const AreaPort& port,
                    worker::v1::VirtualService* service);
// The whole of it, but for checks and persistence.
worker::v1::VirtualService* AddAreaPort(Compilation& compilation, Area area, const AreaPort& port);
// Everything that one port of the HTTP area makes.
void CompileHttpPort(Compilation& compilation, const AreaPort& port);

void CompileExchange(Compilation& compilation);
void CompileVirtualServices(Compilation& compilation);
void CompileManagement(Compilation& compilation);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_COMPILE_PARTS_H_
