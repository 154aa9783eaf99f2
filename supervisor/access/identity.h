// Who calls, and how that is known: by the connection alone (alohactl on this machine), by what
// aloha-wui was shown by a browser, or by the certificate that aloha-gateway verified.
#ifndef ALOHA_SUPERVISOR_ACCESS_IDENTITY_H_
#define ALOHA_SUPERVISOR_ACCESS_IDENTITY_H_

#include <string>
#include <string_view>
#include <vector>

#include "admin/v1/users.pb.h"
#include "config/v1/access.pb.h"
#include "config/v1/config.pb.h"
#include "supervisor/rights.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// What a call carries, as metadata; outside text, escaped and cut.
struct Credentials {
  std::string address;     // "aloha-address": of the browser or the remote client
  std::string session;     // "aloha-session"
  std::string token;       // "aloha-token"
  std::string subject;     // "aloha-subject": of a client's certificate
  std::string user_agent;  // "aloha-user-agent"
};

// Who a call is from.
struct Identity {
  std::string actor = "unknown";  // "admin (10.0.0.9)", "root (uid 0)"
  Rights rights = Rights::kNone;
  std::string user;     // its account; empty: has none
  std::string sign_in;  // id of its session; empty: has none
  std::string token;    // name of its token; empty: has none
  std::string address;  // where it comes from; empty: this machine
  std::string user_agent;
  std::vector<std::string> scopes;  // of its token; empty: all
  bool local = false;               // through the local socket, as itself
  bool browser = false;             // by way of aloha-wui
  bool session_ended = false;       // it showed a session that is none any more
  std::string problem;              // why it is nobody; empty: it is somebody
};

Rights RightsOf(config::v1::AccessRole role);
Rights RightsOf(config::v1::GrpcUser::Role role);
Rights RightsOf(admin::v1::Role role);
admin::v1::Role RoleOf(Rights rights);
config::v1::AccessRole AccessRoleOf(Rights rights);

// A form in which one address is written in one way: IPv4 in IPv6 as IPv4, no zone. Empty: none.
std::string PlainAddress(std::string_view text);

// Whether the scopes of a token have the method ("Services/StopService"). None have all.
bool InScope(const std::vector<std::string>& scopes, std::string_view method);
// kInvalidArgument: it is neither "SERVICE/*" nor "SERVICE/METHOD" of the management API.
Result<> CheckScope(std::string_view scope);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_IDENTITY_H_
