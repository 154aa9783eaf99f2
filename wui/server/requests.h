// Answers requests of browsers: a page, or a call of the management API.
#ifndef ALOHA_WUI_SERVER_REQUESTS_H_
#define ALOHA_WUI_SERVER_REQUESTS_H_

#include <memory>
#include <string>

#include "wui/restinio.h"
#include "wui/server/backend.h"
#include "wui/server/methods.h"
#include "wui/server/static_files.h"
#include "wui/server/tls_connection.h"

namespace aloha::wui {

// What answers are made of; outlives the requests' handlers, not their answers.
struct RequestContext {
  const Methods& methods;
  Backend& backend;
  const StaticFiles& files;
  const std::string& machine_name;
};

// Answers now or later. Control thread.
void AnswerRequest(const RequestContext& context, const restinio::request_handle_t& request,
                   const std::shared_ptr<TlsConnection>& connection);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_REQUESTS_H_
