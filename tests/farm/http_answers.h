// What the HTTP service does on request: behaviour that a balancer has to cope with.
#ifndef ALOHA_TESTS_FARM_HTTP_ANSWERS_H_
#define ALOHA_TESTS_FARM_HTTP_ANSWERS_H_

#include <string>
#include <string_view>

#include "tests/farm/http_identity.h"
#include "tests/farm/http_message.h"

namespace aloha::farm {

// One request and all that its answer needs.
struct HttpExchange {
  Session& session;
  HttpRequest& request;
  HttpBody& body;
  HttpIdentity& identity;
  std::string user;            // whom the connection belongs to; empty: nobody
  std::string_view directory;  // "owa"; "none"
  std::string_view argument;   // of the path: "5" in /owa/bytes/5
};

using HttpAction = asio::awaitable<void> (*)(HttpExchange& exchange);

// What answers `method` and `name` (the first segment below the directory); null: nothing special.
HttpAction FindHttpAction(std::string_view method, std::string_view name);

}  // namespace aloha::farm

#endif  // ALOHA_TESTS_FARM_HTTP_ANSWERS_H_
