// Who may have a request answered at all, before anybody is asked: it came for this machine, from a
// page of it, and says in one way what it is. Pure.
#ifndef ALOHA_WUI_SERVER_GATE_H_
#define ALOHA_WUI_SERVER_GATE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha::wui {

// The fields of a request that decide; empty: absent.
struct RequestFields {
  std::string host, content_type, content_encoding, origin, fetch_site, cookie, authorization,
      request_mark,  // X-Aloha-Request
      protocol_version, timeout_ms, user_agent;
  bool twice = false;  // one of them is there more than once
};

// Whether the Host of a request is this machine: a numeric address, localhost, a name of its
// certificate, or one whose first label is that of such a name. A page elsewhere whose name was
// turned to this machine's address (DNS rebinding) has none of these.
bool IsOwnHost(std::string_view host, const std::vector<std::string>& certificate_names);

// Why a call is refused.
struct GateError {
  int status = 403;
  const char* reason = "";
};

// What the supervisor is told of the caller, as metadata of its call; who it is, is the
// supervisor's to find out.
using CallerMetadata = std::vector<std::pair<std::string, std::string>>;

// A call may be made: of one of the two media types, proven to come from a page of this origin or
// from no page at all.
tl::expected<CallerMetadata, GateError> Admit(const RequestFields& fields,
                                              const std::string& address);

// The cookie of a session, from what the supervisor answers beside a call: "aloha-session" and
// "aloha-session-max-age"; the first empty: the cookie goes.
inline constexpr std::string_view kSessionCookie = "__Host-aloha";
std::string SessionCookie(std::string_view token, std::string_view max_age_s);

// Letters, digits, "-", "_"; 1 to 256.
bool IsToken(std::string_view text);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_GATE_H_
