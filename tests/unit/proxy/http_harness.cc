#include "tests/unit/proxy/http_harness.h"

#include <gtest/gtest.h>

namespace aloha::proxy {
namespace {

constexpr std::string_view kLength = "Content-Length: ";

}  // namespace

std::string ReceiveHead(const Socket& socket) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string byte = socket.Receive(1);
    if (byte.empty()) break;
    head += byte;
  }
  return head;
}

std::string ReceiveMessage(const Socket& socket) {
  const std::string head = ReceiveHead(socket);
  const size_t at = head.find(kLength);
  return at == std::string::npos
             ? head
             : head + socket.Receive(std::stoul(head.substr(at + kLength.size())));
}

std::string ResponseOf(std::string_view body, std::string_view fields, std::string_view status) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\n").append(fields).append(kLength);
  return text.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

std::string RequestOf(std::string_view method, std::string_view target, std::string_view fields,
                      std::string_view body) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: mail\r\n").append(fields);
  if (!body.empty()) text.append(kLength).append(std::to_string(body.size())).append("\r\n");
  return text.append("\r\n").append(body);
}

HttpServer::HttpServer(std::string name)
    : name_(std::move(name)), server_(new TestServer([this](Socket& socket) { Serve(socket); })) {}

void HttpServer::SetAnswer(const std::string& target, std::string answer) {
  const std::lock_guard lock(mutex_);
  answers_[target] = std::move(answer);
}

std::vector<std::string> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string HttpServer::AnswerTo(const std::string& request, int connection) {
  const size_t begin = request.find(' ') + 1;
  const std::string target = request.substr(begin, request.find(' ', begin) - begin);
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  const auto answer = answers_.find(target);
  if (answer != answers_.end()) return answer->second;
  return ResponseOf(name_ + " " + std::to_string(connection) + " " + target);
}

void HttpServer::Serve(const Socket& socket) {
  int connection = 0;
  {
    const std::lock_guard lock(mutex_);
    connection = ++connections_;
  }
  while (true) {
    const std::string request = ReceiveMessage(socket);
    if (request.empty()) return;
    std::string answer = AnswerTo(request, connection);
    const bool close = answer.ends_with(kClose);
    if (close) answer.resize(answer.size() + 1 - sizeof kClose);
    if (!socket.Send(answer) || close) return;
  }
}

HttpProxy::HttpProxy() {
  service().set_name("http");
  http().set_head_timeout_ms(20'000);
  http().set_keep_alive_timeout_ms(20'000);
}

worker::v1::VirtualService& HttpProxy::AddPool(const std::string& name, const std::string& prefix) {
  auto& pool = AddService(name);
  pool.clear_listeners();
  auto& route = *http().add_routes();
  route.set_path_prefix(prefix);
  route.set_service(name);
  return pool;
}

}  // namespace aloha::proxy
