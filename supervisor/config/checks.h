// The checks that the parts of validation share. Each reports at a path and says what to do.
#ifndef ALOHA_SUPERVISOR_CONFIG_CHECKS_H_
#define ALOHA_SUPERVISOR_CONFIG_CHECKS_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/config/address.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {

// The parts of a configuration need no more than these.
inline constexpr std::chrono::milliseconds kLongestIdle = std::chrono::hours(7 * 24);
inline constexpr std::chrono::milliseconds kShortestIdle{100};

// Collects problems. A check returns its value when it is good.
class Checker {
 public:
  explicit Checker(const Facts& facts) : facts_(facts) {}

  const Facts& facts() const { return facts_; }
  std::vector<Problem> TakeProblems() { return std::move(problems_); }

  void Error(const std::string& path, std::string message);
  void Warn(const std::string& path, std::string message);

  // "missing; " and what it is.
  void Missing(const std::string& path, std::string_view what);
  bool Number(const std::string& path, uint32_t value, uint32_t least, uint32_t most);
  bool Port(const std::string& path, uint32_t value);
  // A port that must be there.
  void RequirePort(const std::string& path, bool present, uint32_t value);
  std::optional<std::chrono::milliseconds> Duration(const std::string& path, std::string_view text,
                                                    std::chrono::milliseconds least,
                                                    std::chrono::milliseconds most);
  void IdleTimeout(const std::string& path, bool present, std::string_view text);
  // An address that one machine can have.
  std::optional<Address> HostAddress(const std::string& path, std::string_view text);
  // The same, or a wildcard.
  std::optional<Address> ListenAddress(const std::string& path, std::string_view text);
  template <typename Repeated>
  void Networks(const std::string& path, const Repeated& networks);
  // 1 to 63 of A-Z a-z 0-9 . _ -, the first a letter or digit.
  bool Name(const std::string& path, std::string_view name);
  // The same, and it must be there.
  bool RequireName(const std::string& path, bool present, std::string_view name);
  // Labels of letters, digits and "-", at most 253 characters (RFC 1123 section 2.1).
  void HostName(const std::string& path, std::string_view name);
  void InterfaceName(const std::string& path, std::string_view name);
  // Begins with "/", printable ASCII without blanks.
  bool UrlPath(const std::string& path, std::string_view value);
  // The same without query, percent signs, backslashes, empty segments and those that end in a dot:
  // the beginning of a decoded path.
  void PathPrefix(const std::string& path, std::string_view value);
  // A token of RFC 9110 section 5.6.2: name of a header field or cookie.
  bool Token(const std::string& path, std::string_view token);
  void Certificate(const std::string& path, const std::string& name);
  template <typename Repeated>
  void Certificates(const std::string& path, const Repeated& names);
  void TrustAnchor(const std::string& path, const std::string& name);
  // ServerTls or SmtpServerTls as it is written.
  template <typename Tls>
  void ServerTls(const std::string& path, const Tls& tls);
  // The same settings where TLS begins by them: what proves the servers is at hand.
  void ServerProof(const std::string& path, const config::v1::ServerTls& tls);

 private:
  void Add(const std::string& path, std::string message, Severity severity);
  void OneNetwork(const std::string& path, std::string_view text);
  void Pin(const std::string& path, std::string_view hex);

  const Facts& facts_;
  std::vector<Problem> problems_;
};

// The parts, in the order of the configuration.
void ValidateValues(const config::v1::Config& config, Checker& check);
void ValidateManagement(const config::v1::Config& config, Checker& check);
void ValidateNetwork(const config::v1::Config& config, Checker& check);
void ValidateHighAvailability(const config::v1::Config& config, Checker& check);
void ValidateExchange(const config::v1::Config& config, Checker& check);
void ValidateExchangeAdvice(const config::v1::Config& config, Checker& check);
void ValidateVirtualServices(const config::v1::Config& config, Checker& check);
void ValidateOthers(const config::v1::Config& config, Checker& check);
void ValidateClashes(const config::v1::Config& config, Checker& check);

// Parts of a virtual service.
void ValidateServers(const std::string& path,
                     const google::protobuf::RepeatedPtrField<config::v1::Server>& servers,
                     Checker& check);
void ValidateHealthCheck(const std::string& path, const config::v1::HealthCheck& health_check,
                         Checker& check);
void ValidatePersistence(const std::string& path, const config::v1::Persistence& persistence,
                         Checker& check);
// The name of a header field to be set on requests, or on responses: a token, and none of those
// that the balancer sets itself. True when it is good.
bool ValidateFieldName(const std::string& path, const std::string& name, bool request,
                       Checker& check);
// What only an HTTP service has: everything about it, or, in a TCP service, that it is out of
// place.
void ValidateHttpParts(const std::string& path, const config::v1::VirtualService& service,
                       Checker& check);
// Tables of clients' addresses are none of Authorization values.
void ValidateTables(const config::v1::Config& config, Checker& check);

template <typename Repeated>
void Checker::Networks(const std::string& path, const Repeated& networks) {
  for (int i = 0; i < networks.size(); ++i) {
    OneNetwork(path + "[" + std::to_string(i) + "]", networks.Get(i));
  }
}

template <typename Repeated>
void Checker::Certificates(const std::string& path, const Repeated& names) {
  for (int i = 0; i < names.size(); ++i) {
    Certificate(path + "[" + std::to_string(i) + "]", names.Get(i));
  }
}

template <typename Tls>
void Checker::ServerTls(const std::string& path, const Tls& tls) {
  if (!tls.ca().empty()) TrustAnchor(path + ".ca", tls.ca());
  if (!tls.server_name().empty()) HostName(path + ".server_name", tls.server_name());
  if (tls.verify() == config::v1::ServerTls::PIN || !tls.pin_sha256().empty()) {
    Pin(path + ".pin_sha256", tls.pin_sha256());
  }
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_CHECKS_H_
