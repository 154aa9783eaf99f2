// What a snapshot says of HTTP, as the sessions use it.
#ifndef ALOHA_WORKERS_PROXY_HTTP_RULES_H_
#define ALOHA_WORKERS_PROXY_HTTP_RULES_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/net/networks.h"
#include "workers/runtime/error.h"

namespace aloha::proxy {

class RateLimiter;
struct ServiceSettings;

struct HttpRoute {
  std::string prefix;                              // normalized, see http::HasPathPrefix
  std::shared_ptr<const ServiceSettings> backend;  // null: answered 403
  net::Networks allow_from;
};

// Fields that are set on every message, in place of those of the same names.
struct SetFields {
  std::vector<std::string> names;  // lower case
  std::string lines;               // as they are added

  bool Names(std::string_view name) const;
};

// The cookie that persistence inserts.
struct PersistenceCookie {
  std::string name;
  std::string attributes;         // what follows the value
  std::string secure_attributes;  // and where the client uses TLS
  bool refresh = false;           // it has an age, which begins anew with every response
};

struct ErrorPage {
  std::string content_type;
  std::string body;
};

struct HttpRules {
  std::vector<HttpRoute> routes;  // the longest prefix first
  bool redirects = false;         // every request
  std::string redirect_host;      // empty: that of the request
  std::string redirect_port;      // ":8443"; empty: 443
  std::string root_redirect;
  SetFields request_fields, response_fields;
  uint64_t head_timeout_ms = 0, keep_alive_timeout_ms = 0;
  std::shared_ptr<RateLimiter> rate_limiter;  // null: no limit
  net::Networks trusted_proxies;
  std::string request_id_field;
  std::map<int, ErrorPage> error_pages;

  // The route of a normalized path; null: none.
  const HttpRoute* FindRoute(std::string_view path) const;
};

// Where routes lead: the settings of the service of that name; null: there is none.
using FindSettings =
    std::function<std::shared_ptr<const ServiceSettings>(const std::string& service)>;

// kInvalidArgument: what is wrong, the field named behind `field`.
Result<std::shared_ptr<const HttpRules>> BuildHttpRules(const worker::v1::HttpRules& rules,
                                                        const std::string& field,
                                                        const FindSettings& find);
Result<PersistenceCookie> BuildCookie(const worker::v1::PersistenceCookie& cookie,
                                      const std::string& field);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_HTTP_RULES_H_
