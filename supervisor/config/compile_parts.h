// What the two halves of compilation share: Exchange areas, and virtual services as written.
#ifndef ALOHA_SUPERVISOR_CONFIG_COMPILE_PARTS_H_
#define ALOHA_SUPERVISOR_CONFIG_COMPILE_PARTS_H_

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/config/compile.h"
#include "supervisor/config/exchange.h"

namespace aloha::supervisor {

// What clients meet where TLS ends.
struct TlsEnd {
  std::vector<std::string> certificates;  // names
  worker::v1::TlsProfile profile = worker::v1::TLS_PROFILE_INTERMEDIATE;
  google::protobuf::RepeatedPtrField<std::string> allow_from;
};

// Collects the output.
class Compilation {
 public:
  Compilation(const config::v1::Config& source, const CompileInput& input)
      : config(source), input_(input) {}

  // A virtual service with the defaults of time and retries.
  worker::v1::VirtualService* AddService(const std::string& name);
  void AddListener(worker::v1::VirtualService* service, const std::string& address, uint32_t port,
                   bool accept_proxy);
  // A listener on which TLS ends, with the first byte (listener.tls) or after listener.starttls.
  // Left out while none of the certificates is at hand.
  void AddTlsListener(worker::v1::VirtualService* service, const worker::v1::Listener& listener,
                      const TlsEnd& tls);
  // Settings of TLS towards servers; answers the name they have in the snapshot: that of the first
  // with the same settings and owner, or `name`.
  std::string UseTlsServer(const std::string& owner, const std::string& name,
                           const config::v1::ServerTls& settings, bool http);
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

  // As it was imported, or read from its file; nothing: it is not at hand.
  std::optional<worker::v1::TlsCertificate> FindCertificate(const std::string& name) const;
  // Certificates in DER; none: it is not at hand.
  std::vector<std::string> FindTrustAnchor(const std::string& name) const;

  const ConnectedNetworks& networks() const { return input_.networks; }
  // Addresses and routes of the machine, where they are managed.
  void AddNetwork();

  // Stick tables, their key, listeners and TLS, which need all services.
  void Finish();

  const config::v1::Config& config;
  Compiled out;

 private:
  bool UseCertificate(const std::string& name);
  void FinishTls();
  void AddLease(worker::v1::ManagedNetwork* to);

  const CompileInput& input_;
  std::map<std::string, std::chrono::milliseconds> tables_;
  std::set<std::string> certificates_;              // in use
  std::map<std::string, std::string> tls_servers_;  // names, by owner and settings
};

// "service/server".
std::string CheckId(const std::string& service, const std::string& server);

// INTERMEDIATE unless said otherwise.
worker::v1::TlsProfile TlsProfileOf(config::v1::ListenerTls::Profile profile);

// The canonical text of an address, which is the name of a listener between processes.
std::string CanonicalAddress(const std::string& text);

// Clients of Exchange that come back within this time find their server (Exchange Web Services ask
// for 45 minutes).
inline constexpr std::chrono::milliseconds kLeastAffinity = std::chrono::hours(1);

// Parts of the virtual service of one port of an Exchange area.
void AddAreaListeners(Compilation& compilation, Area area, const AreaPort& port,
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
void CompileRemote(Compilation& compilation);
void CompileLink(Compilation& compilation);
void CompileReports(Compilation& compilation);
void CompileHighAvailability(Compilation& compilation);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_COMPILE_PARTS_H_
