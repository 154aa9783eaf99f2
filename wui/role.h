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
#include "wui/server/backend.h"
#include "wui/server/key_link.h"
#include "wui/server/static_files.h"
#include "wui/server/web_server.h"

namespace aloha::wui {

// What is found out before confinement.
struct Surroundings {
  StaticFiles files;
  std::string files_problem;  // why there are none; empty: there are
  std::string machine_name;
};

class WuiRole final : public Role {
 public:
  WuiRole(WorkerContext context, Surroundings surroundings);

  Result<> Prepare(const worker::v1::Snapshot& snapshot) override;
  void Commit() override;
  void Abort() override { prepared_.reset(); }
  // Accepts nothing more. Answers under way are not waited for: who asks asks again.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) override;
  // Of "supervisor": its management API; of "keys": who signs handshakes.
  void OnPeer(const std::string& role, UniqueFd socket) override;
  std::vector<NamedDescriptor> Keepsakes() override;

 private:
  // Of one listener.
  struct Prepared {
    net::Networks allow_from;
    UniqueFd listener;  // empty: none is wanted, or the open one stays
  };
  struct PreparedAll {
    worker::v1::WuiSnapshot snapshot;
    Prepared metrics, web;
    std::shared_ptr<const TlsSettings> tls;
  };

  // What stands in the snapshot of a listener, of which `open` is there.
  template <typename Listener>
  Result<Prepared> PrepareListener(const Listener& wanted, const worker::v1::Listener* open,
                                   const std::string& field);
  void CommitMetrics();
  void CommitWeb();
  void Serve(const std::string& path, const HttpServer::Reply& reply);

  WorkerContext context_;
  const Surroundings surroundings_;
  Collector collector_;
  Backend backend_;
  const std::shared_ptr<KeyLink> keys_;
  worker::v1::WuiSnapshot running_;
  std::optional<PreparedAll> prepared_;
  std::unique_ptr<HttpServer> metrics_;
  std::unique_ptr<WebServer> web_;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_ROLE_H_
