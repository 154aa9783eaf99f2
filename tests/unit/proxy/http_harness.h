// Servers and clients that speak HTTP, for tests of the engine.
#ifndef ALOHA_TESTS_UNIT_PROXY_HTTP_HARNESS_H_
#define ALOHA_TESTS_UNIT_PROXY_HTTP_HARNESS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {

// The head of a message with its empty line, and with `body` as many bytes as its Content-Length
// says behind it. Less when the stream ends before.
std::string ReceiveHead(const Socket& socket);
std::string ReceiveMessage(const Socket& socket);

// A response of this status with a body and further fields.
std::string ResponseOf(std::string_view body, std::string_view fields = {},
                       std::string_view status = "200 OK");
// A request of HTTP/1.1.
std::string RequestOf(std::string_view method, std::string_view target,
                      std::string_view fields = {}, std::string_view body = {});

// Answers each request of a connection with its own name, the number of the connection and the
// request's target ("a 1 /owa"), and remembers the requests. What is set for a target is sent
// instead; when that ends with kClose, the connection ends behind it.
class HttpServer {
 public:
  static constexpr char kClose[] = "<close>";

  explicit HttpServer(std::string name);

  void SetAnswer(const std::string& target, std::string answer);
  std::vector<std::string> requests() const;
  int accepted() const { return server_->accepted(); }
  uint16_t port() const { return server_->port(); }

 private:
  void Serve(const Socket& socket);
  std::string AnswerTo(const std::string& request, int connection);

  const std::string name_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> answers_;  // guarded by mutex_, as all below
  std::vector<std::string> requests_;
  int connections_ = 0;
  std::unique_ptr<TestServer> server_;
};

// A proxy whose first service understands HTTP and has short ways with silent clients.
class HttpProxy : public TestProxy {
 public:
  HttpProxy();
  worker::v1::HttpRules& http() { return *service().mutable_http(); }
  // Adds a service without listeners and a route to it.
  worker::v1::VirtualService& AddPool(const std::string& name, const std::string& prefix);
  worker::v1::HttpStats HttpStats() { return Stats().http(); }
};

}  // namespace aloha::proxy

#endif  // ALOHA_TESTS_UNIT_PROXY_HTTP_HARNESS_H_
