// Nodes in one process: each with its keys, its loop, who answers behind it, and aloha-gateway's
// two sides.
#ifndef ALOHA_TESTS_UNIT_GATEWAY_NODES_H_
#define ALOHA_TESTS_UNIT_GATEWAY_NODES_H_

#include <grpcpp/grpcpp.h>

#include <array>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "peer/v1/peer.grpc.pb.h"
#include "workers/runtime/packet.h"
#include "wui/gateway/dialer.h"
#include "wui/gateway/entrance.h"

namespace aloha::gateway {

// Stands for a supervisor: says who called it, by the name in its answer.
class FakeSupervisor final : public peer::v1::Peer::Service {
 public:
  FakeSupervisor();
  ~FakeSupervisor() override { server_->Shutdown(std::chrono::system_clock::now()); }

  // A channel to it.
  std::shared_ptr<grpc::Channel> Connect();

  grpc::Status Hello(grpc::ServerContext* call, const peer::v1::HelloRequest* request,
                     peer::v1::HelloResponse* response) override;
  grpc::Status Join(grpc::ServerContext* call, const peer::v1::JoinRequest* request,
                    peer::v1::JoinResponse* response) override;

  // Metadata of the newest call.
  std::multimap<std::string, std::string> metadata();
  int cancelled() const { return cancelled_; }

 private:
  void Note(const grpc::ServerContext& call);

  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::multimap<std::string, std::string> metadata_;
  std::atomic<int> cancelled_ = 0;
};

// All calls may come from any thread; the work is done on the node's loop.
class TestNode {
 public:
  TestNode();
  ~TestNode();

  const node::NodeKey& key() const { return key_; }
  uint16_t port() const { return port_; }
  FakeSupervisor& supervisor() { return supervisor_; }

  // A certificate valid from now plus `from_s` for a day.
  void Certify(int64_t from_s = -60);
  void Admit(const TestNode* peer, bool joining = false);
  // The paired node, reached at this port of 127.0.0.1.
  void SetPeer(const TestNode& peer, uint16_t port);
  void ForgetPeer();
  // Hello through the connection to the peer.
  grpc::Status Hello(peer::v1::HelloResponse* response = nullptr);
  // Connects without a pinned key, and calls.
  grpc::Status HelloAt(uint16_t port);
  grpc::Status JoinAt(uint16_t port);
  // With a context of the test's own.
  static grpc::Status HelloWith(std::shared_ptr<asio::ssl::context> context, uint16_t port);

  uint64_t refused(const std::string& reason);
  EntranceStats stats();
  size_t connections();

  // Runs `work` on the loop and answers its result.
  template <typename Work>
  auto On(Work work) {
    using Answer = decltype(work());
    std::promise<Answer> promise;
    asio::post(loop_, [&] {
      if constexpr (std::is_void_v<Answer>) {
        work();
        promise.set_value();
      } else {
        promise.set_value(work());
      }
    });
    return promise.get_future().get();
  }

 private:
  Result<Connected> Dial(uint16_t port);

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  Log log_{{.program = "test", .level = LogLevel::kAccess, .journal_fd = -1}};
  node::NodeKey key_{};
  std::array<uint8_t, 64> secret_{};
  uint16_t port_ = 0;
  FakeSupervisor supervisor_;
  PumpedBytes bytes_;
  TlsIdentity identity_;
  SupervisorChannel channel_;
  Dialer dialer_;
  std::unique_ptr<PeerConnection> peer_;
  std::unique_ptr<Entrance> entrance_;
  std::thread thread_;
};

// Tries for ten seconds.
bool Until(const std::function<bool()>& condition);

}  // namespace aloha::gateway

#endif  // ALOHA_TESTS_UNIT_GATEWAY_NODES_H_
