#include "wui/server/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "workers/http/cookie.h"
#include "workers/net/address.h"
#include "workers/runtime/log.h"
#include "wui/server/connect.h"

namespace aloha::wui {
namespace {

constexpr size_t kMaxToken = 256;
constexpr size_t kMaxUserAgent = 256;
constexpr std::string_view kBearer = "bearer ";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// Without the port; an IPv6 address without its brackets.
std::string HostName(std::string_view host) {
  if (host.starts_with('[')) return Lower(host.substr(1, host.find(']') - 1));
  return Lower(host.substr(0, host.find(':')));
}

std::string_view FirstLabel(std::string_view name) { return name.substr(0, name.find('.')); }

// Metadata of gRPC is printable ASCII.
std::string Printable(std::string_view text) {
  std::string escaped = EscapeForLog(text.substr(0, kMaxUserAgent));
  std::replace_if(
      escaped.begin(), escaped.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return escaped;
}

// By browsers, every page's requests tell where they come from.
const char* ForeignPage(const RequestFields& fields) {
  if (!fields.fetch_site.empty() && fields.fetch_site != "same-origin" &&
      fields.fetch_site != "none") {
    return "the request comes from a page of another site";
  }
  if (!fields.origin.empty() && Lower(fields.origin) != "https://" + Lower(fields.host))
    return "the request comes from a page of another origin";
  return nullptr;
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= kMaxToken &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

bool IsOwnHost(std::string_view host, const std::vector<std::string>& certificate_names) {
  const std::string name = HostName(host);
  if (name.empty()) return false;
  if (name == "localhost" || net::ParseIp(name)) return true;
  return std::any_of(
      certificate_names.begin(), certificate_names.end(), [&](const std::string& own) {
        if (!own.starts_with("*.")) return own == name || FirstLabel(own) == FirstLabel(name);
        const size_t dot = name.find('.');
        return dot != std::string::npos && std::string_view(name).substr(dot) == own.substr(1);
      });
}

tl::expected<CallerMetadata, GateError> Admit(const RequestFields& fields,
                                              const std::string& address) {
  const auto refuse = [](int status, const char* reason) {
    return tl::make_unexpected(GateError{status, reason});
  };
  if (fields.twice) return refuse(400, "a header field is there more than once");
  const std::string type = MediaType(fields.content_type);
  if (type != kJsonType && type != kStreamType)
    return refuse(415, "send application/json, or application/connect+json for a stream");
  if (!fields.content_encoding.empty() && fields.content_encoding != "identity")
    return refuse(415, "send the message without compression");
  if (!fields.protocol_version.empty() && fields.protocol_version != "1")
    return refuse(400, "this is version 1 of the Connect protocol");
  if (const char* foreign = ForeignPage(fields)) return refuse(403, foreign);
  CallerMetadata metadata = {{"aloha-address", address}};
  if (!fields.user_agent.empty())
    metadata.emplace_back("aloha-user-agent", Printable(fields.user_agent));
  if (!fields.authorization.empty()) {
    std::string_view token = fields.authorization;
    const bool bearer = Lower(token.substr(0, kBearer.size())) == kBearer;
    token.remove_prefix(std::min(token.size(), kBearer.size()));
    if (!bearer || !IsToken(token)) return refuse(401, "the Authorization is no bearer token");
    metadata.emplace_back("aloha-token", token);
    return metadata;
  }
  const std::string_view session = http::FindCookie(fields.cookie, kSessionCookie);
  if (session.empty()) return metadata;
  if (fields.request_mark != "1")
    return refuse(403, "with a session, the field X-Aloha-Request: 1 must be there");
  if (IsToken(session)) metadata.emplace_back("aloha-session", session);
  return metadata;
}

std::string SessionCookie(std::string_view token, std::string_view max_age_s) {
  const bool digits =
      !max_age_s.empty() && max_age_s.size() <= 10 &&
      std::all_of(max_age_s.begin(), max_age_s.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool kept = IsToken(token);
  return fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}", kSessionCookie,
                     kept ? token : "",
                     !kept    ? "0"
                     : digits ? max_age_s
                              : "0");
}

}  // namespace aloha::wui
