// The pages and the management API over HTTPS: RESTinio, on the control thread, on a listening
// socket that somebody else made, with every size, number and time bounded.
#ifndef ALOHA_WUI_SERVER_WEB_SERVER_H_
#define ALOHA_WUI_SERVER_WEB_SERVER_H_

#include <asio/io_context.hpp>
#include <memory>
#include <string>

#include "workers/net/networks.h"
#include "workers/runtime/unique_fd.h"
#include "wui/server/backend.h"
#include "wui/server/key_link.h"
#include "wui/server/static_files.h"
#include "wui/server/tls_settings.h"

namespace aloha::wui {

// Control thread. Connections outlive the server; each ends when it was silent for a while.
class WebServer {
 public:
  // Each outlives the loop's last handler.
  struct Parts {
    asio::io_context& loop;
    std::shared_ptr<KeyLink> keys;
    Backend& backend;
    const StaticFiles& files;
    std::string machine_name;  // by which it may be called, beside its certificate's names
  };

  // listener: a listening TCP socket. Clients outside allow_from (empty: none are) are closed.
  WebServer(Parts parts, UniqueFd listener, net::Networks allow_from,
            std::shared_ptr<const TlsSettings> settings);
  ~WebServer();  // closes the listener

  void SetAllowFrom(net::Networks allow_from);
  // Of connections that begin from now on.
  void SetTls(std::shared_ptr<const TlsSettings> settings);
  int listener() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_WEB_SERVER_H_
