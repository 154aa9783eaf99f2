// An engine in this process with real sockets around it: certificates made on the spot, a keys
// worker, a proxy, and clients by the same library.
#ifndef ALOHA_TESTS_UNIT_TLS_HARNESS_H_
#define ALOHA_TESTS_UNIT_TLS_HARNESS_H_

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "handoff/v1/handoff.pb.h"
#include "tests/unit/tls/test_certificate.h"
#include "workers/net/tls_context_cache.h"
#include "workers/net/tls_records.h"
#include "workers/runtime/packet.h"
#include "workers/tls/engine.h"

namespace aloha::tls {

// aloha-keys as the engine sees it.
class FakeKeys {
 public:
  explicit FakeKeys(const std::vector<const TestCertificate*>& certificates);
  ~FakeKeys();

  // The other end, for the engine.
  UniqueFd TakeSocket() { return std::move(theirs_); }
  // Answers nothing until told otherwise.
  void Hold(bool hold) { hold_ = hold; }
  void Refuse(const std::string& reason) { refusal_ = reason; }
  int asked() const { return asked_; }

 private:
  void Run();

  const std::vector<const TestCertificate*> certificates_;
  UniqueFd ours_, theirs_;
  std::string refusal_;
  std::atomic<bool> stop_{false}, hold_{false};
  std::atomic<int> asked_{0};
  std::thread thread_;
};

// aloha-proxy as the engine sees it.
class FakeProxy {
 public:
  FakeProxy();
  UniqueFd TakeSocket() { return std::move(theirs_); }
  // Few packets wait on the way. Before TakeSocket.
  void Narrow();

  struct Received {
    handoff::v1::FromTls message;
    UniqueFd socket;
  };
  // The next packet; a test failure when none comes within 20 s.
  Received Receive();
  // Nothing has come yet.
  bool Idle() const;
  // The engine has closed its end.
  bool Ended() const;
  void Send(const handoff::v1::ToTls& request, int socket);

 private:
  UniqueFd ours_, theirs_;
};

// A connection that was handed over, as the proxy goes on with it.
class RecordStream {
 public:
  RecordStream(const handoff::v1::Connection& connection, UniqueFd socket);
  // So many bytes of plaintext; fewer when the connection ended.
  std::string Read(size_t count);
  bool Write(const std::string& text);
  // The last that came.
  const std::string& ticket() const { return ticket_; }

 private:
  net::TlsContextCache cache_;
  UniqueFd socket_;
  std::unique_ptr<net::TlsRecords> records_;
  std::string received_, opened_, ticket_;
};

// A server that speaks TLS: sends "hi", then every byte back.
class FakeServer {
 public:
  struct Options {
    const TestCertificate* certificate = nullptr;
    std::vector<const TestCertificate*> chain;  // shown behind it
    uint16_t version = TLS1_3_VERSION;
    std::string suites;  // of TLS 1.2; empty: the library's
    bool asks_for_certificate = false;
  };
  explicit FakeServer(const Options& options);
  ~FakeServer();
  uint16_t port() const { return port_; }
  // Of the connections so far.
  std::vector<std::string> names() const;  // SNI
  int resumed() const { return resumed_; }
  std::string shown() const;  // common name of the last client certificate

 private:
  void Serve(UniqueFd socket);

  const Options options_;
  bssl::UniquePtr<SSL_CTX> context_;
  UniqueFd listening_;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> names_;  // guarded by mutex_, as is shown_
  std::string shown_;
  std::atomic<int> resumed_{0};
  std::atomic<bool> stop_{false};
  std::thread accepting_;
};

// An engine, the snapshot it runs and the supervisor's part of passing descriptors.
class TestTls {
 public:
  TestTls();

  // The snapshot to change before Apply. It begins with two threads and one ticket key.
  worker::v1::TlsSnapshot snapshot;
  // Adds a listener with certificates of these names.
  worker::v1::TlsListener& AddListener(const std::vector<std::string>& certificates,
                                       worker::v1::TlsProfile profile);
  Result<> Prepare();
  // Prepares, which must succeed, commits, and waits until every thread runs it. Handshakes that
  // are in progress are cut.
  void Apply();
  Engine& engine() { return *engine_; }
  uint16_t port(int listener = 0) const {
    return static_cast<uint16_t>(snapshot.listeners(listener).listener().port());
  }
  worker::v1::HandshakeStats Stats(int listener = 0);
  uint64_t Failed(const std::string& word, int listener = 0);
  // Waits until it holds; false after 20 s.
  static bool Eventually(const std::function<bool()>& holds);
  // The log lines so far that have this text in them.
  int Lines(const std::string& text) const;

 private:
  Log log_;
  std::map<uint32_t, UniqueFd> sockets_;  // what aloha-system would hold, by port
  std::unique_ptr<Engine> engine_;
};

// Listens on a free port of 127.0.0.1.
UniqueFd ListenAnywhere(uint16_t& port, int flags = 0);
// Connects to 127.0.0.1; every call on it gives up after 20 s.
UniqueFd ConnectTo(uint16_t port);

// A client of this process.
class TestClient {
 public:
  struct Options {
    uint16_t version = 0;  // the only one; 0: all
    std::string suites;    // of TLS 1.2 and before; empty: the library's
    std::string server_name;
    std::vector<std::string> alpn;
    std::vector<uint16_t> verify_algorithms;  // empty: the library's
    bool byte_by_byte = false;
    SSL_SESSION* session = nullptr;  // to resume
  };
  TestClient(uint16_t port, const Options& options, const std::string& before = {});
  TestClient(UniqueFd socket, const Options& options);

  // The whole handshake; false when it failed.
  bool Connect();
  // The same with memory between: `write` sends each flight; false: it failed.
  bool ConnectBy(const std::function<bool(std::string_view flight, bool last)>& write);
  // The records of this text. After ConnectBy.
  std::string Sealed(const std::string& text);
  SSL* ssl() const { return ssl_.get(); }
  int fd() const { return fd_.get(); }
  // Name of the certificate that was shown (its common name).
  std::string shown() const;
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // The newest session: of TLS 1.3 only after reading tickets.
  bssl::UniquePtr<SSL_SESSION> session() { return std::move(session_); }
  // Reads what came (tickets), until nothing does or `done`.
  void ReadTickets();

 private:
  static int TakeSession(SSL* ssl, SSL_SESSION* session);

  UniqueFd fd_;
  const Options options_;
  bssl::UniquePtr<SSL_CTX> context_;
  bssl::UniquePtr<SSL> ssl_;
  bssl::UniquePtr<SSL_SESSION> session_;
};

}  // namespace aloha::tls

#endif  // ALOHA_TESTS_UNIT_TLS_HARNESS_H_
