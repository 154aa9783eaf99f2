// A web server on a port of its own, with stand-ins for aloha-keys and the supervisor, and a
// client.
#ifndef ALOHA_TESTS_UNIT_WUI_WEB_FIXTURE_H_
#define ALOHA_TESTS_UNIT_WUI_WEB_FIXTURE_H_

#include <grpcpp/server.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "admin/v1/admin.grpc.pb.h"
#include "admin/v1/events.grpc.pb.h"
#include "workers/runtime/log.h"
#include "wui/server/web_server.h"

namespace aloha::wui {

// A key with its self-signed certificate.
struct TestIdentity {
  bssl::UniquePtr<EVP_PKEY> key;
  worker::v1::TlsCertificate certificate;
};
TestIdentity MakeIdentity();

// Signs like aloha-keys, on a thread of its own, until its channel ends.
class TestSigner {
 public:
  explicit TestSigner(const TestIdentity& identity) : identity_(identity) {}
  ~TestSigner();

  UniqueFd Connect();  // the other end; the one before ends

 private:
  void Run(int socket);

  const TestIdentity& identity_;
  UniqueFd socket_;
  std::thread thread_;
};

// Answers ListServices with what it was told of the caller, and a session; streams events.
class TestSupervisor {
 public:
  TestSupervisor();
  // Streams that are under way end.
  ~TestSupervisor() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> Connect();
  int streams() const { return streams_; }  // that are under way

 private:
  class ServicesImpl final : public admin::v1::Services::Service {
    grpc::Status ListServices(grpc::ServerContext* context,
                              const admin::v1::ListServicesRequest* request,
                              admin::v1::ListServicesResponse* response) override;
    grpc::Status StopService(grpc::ServerContext*, const admin::v1::StopServiceRequest*,
                             admin::v1::ChangeResponse*) override;
  };
  class EventsImpl final : public admin::v1::Events::Service {
   public:
    explicit EventsImpl(std::atomic<int>& streams) : streams_(streams) {}
    grpc::Status WatchEvents(grpc::ServerContext* context,
                             const admin::v1::WatchEventsRequest* request,
                             grpc::ServerWriter<admin::v1::Event>* writer) override;

   private:
    std::atomic<int>& streams_;
  };

  std::atomic<int> streams_{0};
  ServicesImpl services_;
  EventsImpl events_{streams_};
  std::unique_ptr<grpc::Server> server_;
};

// Blocking; each read waits ten seconds at most.
class TestBrowser {
 public:
  explicit TestBrowser(uint16_t port);

  bool connected() const { return connected_; }
  void Send(const std::string& bytes);
  // The next whole response with a Content-Length.
  std::string Receive();
  std::string Ask(const std::string& bytes);
  // What comes until `text` has come.
  std::string Until(const std::string& text);
  // Everything until the server ends the connection in order.
  std::string Rest();
  void Close() { socket_.reset(); }

 private:
  bool More();

  bssl::UniquePtr<SSL_CTX> context_;
  UniqueFd socket_;
  bssl::UniquePtr<SSL> ssl_;
  std::string received_;
  bool connected_ = false;
};

class WebServerTest : public testing::Test {
 protected:
  WebServerTest();
  ~WebServerTest() override;

  // Runs it on the control thread, and waits.
  void OnLoop(const std::function<void()>& work);

  TestIdentity identity_ = MakeIdentity();
  TestSigner signer_{identity_};
  TestSupervisor supervisor_;
  const std::shared_ptr<grpc::Channel> channel_ = supervisor_.Connect();
  Log log_{{.program = "test", .level = LogLevel::kAccess}};
  asio::io_context loop_{1};
  StaticFiles files_;
  Backend backend_{loop_};
  std::shared_ptr<KeyLink> keys_ = std::make_shared<KeyLink>(loop_, log_);
  std::optional<WebServer> server_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace aloha::wui

#endif  // ALOHA_TESTS_UNIT_WUI_WEB_FIXTURE_H_
