// The first byte says into how large pieces the client's bytes are cut. They end with a line of
// "<<<<"; what follows is what the origin answers. Both go through a proxy in this process.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "tests/unit/proxy/harness.h"
#include "workers/http/head.h"
#include "workers/http/path.h"

namespace aloha::proxy {
namespace {

// A request that follows one which is refused; the origin must not see it.
constexpr char kMarker[] = "GET /behind-what-was-refused HTTP/1.1\r\nHost: m\r\n\r\n";
constexpr char kMark[] = "behind-what-was-refused";

// Answers each connection's first bytes with `answer`, ends its stream, and reads to the end.
class Origin {
 public:
  Origin() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) abort();
    if (listen(fd_.get(), 1024) != 0) abort();
    if (getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) abort();
    port_ = ntohs(address.sin_port);
    std::thread([this] { Run(); }).detach();
  }
  uint16_t port() const { return port_; }
  void SetAnswer(std::string_view answer) {
    const std::lock_guard lock(mutex_);
    answer_ = answer;
  }

 private:
  void Run() {
    while (true) {
      const Socket server(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::string got(16 * 1024, '\0'), all;
      ssize_t size = recv(server.fd(), got.data(), got.size(), 0);
      {
        const std::lock_guard lock(mutex_);
        (void)server.Send(answer_);
      }
      server.HalfClose();
      for (; size > 0; size = recv(server.fd(), got.data(), got.size(), 0)) {
        all.append(got, 0, static_cast<size_t>(size));
      }
      if (all.find(kMark) != std::string::npos) abort();
    }
  }

  UniqueFd fd_;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::string answer_;  // guarded by mutex_
};

// One listener; two routes to a service with a cookie.
class Proxy {
 public:
  Proxy() {
    proxy_.snapshot.set_access_log(false);
    auto& pool = proxy_.AddService("pool");
    pool.clear_listeners();
    pool.mutable_cookie()->set_name("SRV");
    proxy_.AddServer("s", origin.port(), 1).set_cookie("s");
    auto& http = *proxy_.service().mutable_http();
    http.set_head_timeout_ms(1000);
    http.set_keep_alive_timeout_ms(1000);
    for (const char* prefix : {"/owa", "/ews"}) {
      auto& route = *http.add_routes();
      route.set_path_prefix(prefix);
      route.set_service("pool");
    }
    proxy_.Apply();
  }
  Socket Connect() { return proxy_.Connect(); }
  // Waits until every session has ended; the fuzzer's own limit finds those that do not.
  void Settle() {
    while (proxy_.engine().sessions() > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  Origin origin;

 private:
  TestProxy proxy_;
};

// Whether one of these requests must be refused, so that nothing behind it counts.
bool IsRefused(std::string_view bytes) {
  static http::RequestHead head;
  std::string path;
  while (true) {
    while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    size_t scanned = 0;
    const http::HeadEnd end = http::FindHeadEnd(bytes, &scanned);
    if (end.kind != http::HeadEnd::Kind::kComplete) return end.kind == http::HeadEnd::Kind::kBad;
    if (http::ReadRequestHead(bytes.substr(0, end.size), head)) return true;
    if (!http::NormalizePath(head.target, &path)) return true;
    bytes.remove_prefix(end.size);
    const auto taken = head.body.Take(bytes);
    if (!taken) return true;
    if (!head.body.done()) return false;
    bytes.remove_prefix(*taken);
  }
}

void Run(std::string_view requests, std::string_view answer, size_t piece) {
  static Proxy& proxy = *new Proxy;
  std::string sent(requests);
  const bool tunnel = answer.find(" 101") != answer.npos;
  if (!tunnel && IsRefused(requests)) sent += kMarker;
  proxy.origin.SetAnswer(answer);
  const Socket client = proxy.Connect();
  for (size_t at = 0; at < sent.size(); at += piece) {
    if (!client.Send(std::string_view(sent).substr(at, piece))) break;
  }
  client.HalfClose();
  (void)client.ReceiveToEnd();
  proxy.Settle();
}

}  // namespace
}  // namespace aloha::proxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr std::string_view kSeparator = "\n<<<<\n";
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t end = std::min(bytes.find(kSeparator), bytes.size());
  const std::string_view answer = bytes.substr(std::min(end + kSeparator.size(), bytes.size()));
  if (bytes.find(aloha::proxy::kMark) != bytes.npos) return -1;  // of no use
  aloha::proxy::Run(bytes.substr(0, end), answer, (data[0] + size_t{1}) * 16);
  return 0;
}
