// The role "wui": what listens, and what is answered.
#ifndef ALOHA_WUI_ROLE_H_
#define ALOHA_WUI_ROLE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workers/runtime/worker.h"
#include "wui/collector.h"
#include "wui/http_server.h"

namespace aloha::wui {

class WuiRole final : public Role {
 public:
  explicit WuiRole(WorkerContext context) : context_(context), collector_(context.loop) {}

  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override { prepared_.reset(); }
  // Accepts nothing more. Answers under way are not waited for: who asks asks again.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override;
  // Of "supervisor": its management API.
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override;

 private:
  struct Prepared {
    worker::v1::WuiSnapshot snapshot;
    net::Networks allow_from;
    UniqueFd listener;  // empty: none is wanted, or the open one stays
  };

  bool Listens(const worker::v1::Listener& listener) const;
  void Serve(const std::string& path, const HttpServer::Reply& reply);

  WorkerContext context_;
  Collector collector_;
  worker::v1::WuiSnapshot running_;
  std::optional<Prepared> prepared_;
  std::unique_ptr<HttpServer> metrics_;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_ROLE_H_
