// A small HTTP/1.1 server on a listening socket that somebody else made: RESTinio, on the control
// thread, with every size, number and time bounded.
#ifndef ALOHA_WUI_HTTP_SERVER_H_
#define ALOHA_WUI_HTTP_SERVER_H_

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "workers/net/networks.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::wui {

struct HttpAnswer {
  int status = 200;  // 200, 404 or 503
  std::string content_type;
  std::string body;
};

// Control thread. Connections outlive the server; each ends within a minute.
class HttpServer {
 public:
  // To be called once, at any time, on the control thread.
  using Reply = std::function<void(HttpAnswer)>;
  // Called for every GET and HEAD; what is not one of them was answered 404.
  using Handler = std::function<void(const std::string& path, Reply)>;

  // At most this many connections; further ones wait in the listener's queue.
  static constexpr int kMaxConnections = 64;

  // listener: a listening TCP socket. Clients outside allow_from (empty: none are) are closed.
  HttpServer(asio::io_context& loop, UniqueFd listener, net::Networks allow_from, Handler handler);
  ~HttpServer();  // closes the listener

  void SetAllowFrom(net::Networks allow_from);
  int listener() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_HTTP_SERVER_H_
