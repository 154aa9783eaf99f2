// What the Exchange areas mean, in one place for validation and compilation: which are enabled,
// their servers, ports, timeouts and directories, with every default applied.
#ifndef ALOHA_SUPERVISOR_CONFIG_EXCHANGE_H_
#define ALOHA_SUPERVISOR_CONFIG_EXCHANGE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/v1/config.pb.h"

namespace aloha::supervisor {

enum class Area { kHttp, kImap, kPop3, kSmtp, kRpc };
inline constexpr std::array kAreas = {Area::kHttp, Area::kImap, Area::kPop3, Area::kSmtp,
                                      Area::kRpc};

// "http", "imap" …: the name of the field.
const char* AreaName(Area area);

// Present and not DISABLED; a mode that is missing or unknown counts as DISABLED.
bool IsEnabled(const config::v1::Config& config, Area area);

using ExchangeServers = google::protobuf::RepeatedPtrField<config::v1::ExchangeServer>;

// "cas_server" or "hub_server": where the servers of the area stand.
const char* ServerField(const config::v1::Config& config, Area area);
const ExchangeServers& ServersOf(const config::v1::Config& config, Area area);

// Enabled and with servers: it is bound and balanced.
bool Runs(const config::v1::Config& config, Area area);

bool IsExchange2013OrLater(const config::v1::Config& config);

// What a port of an area carries.
enum class PortUse {
  kBytes,     // clear, or STARTTLS between client and server: bytes pass untouched
  kTls,       // TLS from the first byte, which passes untouched to the servers
  kTlsEnds,   // TLS (from the first byte or after STARTTLS) ends here
  kRedirect,  // answers with redirects to https
};

// How TLS begins: not at all, with the first byte, or in the middle of a mail dialogue.
enum class TlsStart { kNever, kFirstByte, kStarttls };

struct AreaPort {
  std::string service;  // name of the virtual service it belongs to
  std::string field;    // "imap.virtual_port"
  uint32_t port = 0;
  uint32_t server_port = 0;  // 0: none
  PortUse use = PortUse::kBytes;
  // Where TLS ends here: how it begins towards clients, whether clients must have it, and how it
  // begins towards the servers.
  TlsStart client_tls = TlsStart::kNever;
  bool client_tls_required = true;
  TlsStart server_tls = TlsStart::kNever;
};

// The ports that an enabled area listens on, whether it has servers or not. Empty when it is
// disabled.
std::vector<AreaPort> PortsOf(const config::v1::Config& config, Area area);

// Name of the certificate that stands in where an area ends TLS and names none.
inline constexpr char kSelfSigned[] = "self-signed";

// The area is enabled and TLS ends on one of its ports.
bool EndsTls(const config::v1::Config& config, Area area);
// TLS begins again towards the servers of one of its ports.
bool BeginsTls(const config::v1::Config& config, Area area);
// Names of the certificates that its clients meet: those it names, or kSelfSigned.
std::vector<std::string> CertificatesOf(const config::v1::Config& config, Area area);
// How its servers prove themselves, with the name that is expected filled in.
config::v1::ServerTls ServerTlsOf(const config::v1::Config& config, Area area);
// The area runs, ends TLS and names no certificate.
bool UsesSelfSigned(const config::v1::Config& config, Area area);

// TLS ends here, so that each directory of the HTTP area is a service of its own.
bool HasDirectoryServices(const config::v1::Config& config);

// The names of the virtual services that an enabled area makes, whether it has servers or not, each
// with the field that asks for it.
std::vector<std::pair<std::string, std::string>> ServicesMadeOf(const config::v1::Config& config,
                                                                Area area);

// The addresses that every area listens on: listen_address, and the virtual addresses that it does
// not cover.
std::vector<std::string> ListenAddresses(const config::v1::Config& config);

// A directory of the HTTP area.
struct Directory {
  config::v1::HttpDirectory::Name name;
  const char* service;             // name of its virtual service
  const char* field;               // its switch in Http
  const char* path;                // on the servers
  std::chrono::milliseconds need;  // default idle timeout: what its clients need
  const char* breaks;              // who suffers from a shorter one
  const char* check_path_2010;     // asked by a check; null: not in 2010
  uint32_t check_status_2010;      // the answer that means alive
  const char* check_path_2013;     // the same from 2013 on
  uint32_t check_status_2013;
};
std::span<const Directory> Directories();
// The virtual service of the paths that `extra_path` names.
inline constexpr char kExtraService[] = "extra";
bool IsSwitchedOn(const config::v1::Config& config, const Directory& directory);
config::v1::HttpDirectory::Name ForwardCheck(const config::v1::Http& http);

// Idle timeout of one directory: its own, `http.timeout`, or what its clients need.
std::chrono::milliseconds DirectoryTimeout(const config::v1::Config& config,
                                           const Directory& directory);

// Time that a service's clients may be silent. For http in SSL_FORWARD: `http.timeout`, or the
// longest of its directories.
std::chrono::milliseconds IdleTimeout(const config::v1::Config& config, Area area);

// What an area but http needs, and who suffers from less.
struct TimeoutNeed {
  std::chrono::milliseconds least;
  const char* breaks;
};
TimeoutNeed NeedOf(Area area);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_EXCHANGE_H_
