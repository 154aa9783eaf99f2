#include "tests/unit/tls/harness.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <csignal>
#include <future>
#include <utility>

namespace aloha::tls {
namespace {

constexpr int kPatienceMs = 20'000;

}  // namespace

FakeKeys::FakeKeys(const std::vector<const TestCertificate*>& certificates)
    : certificates_(certificates) {
  auto pair = MakeSocketPair(SOCK_SEQPACKET);
  ours_ = std::move(pair->ours);
  theirs_ = std::move(pair->theirs);
  thread_ = std::thread([this] { Run(); });
}

FakeKeys::~FakeKeys() {
  stop_ = true;
  thread_.join();
}

void FakeKeys::Run() {
  while (!stop_) {
    pollfd readable{ours_.get(), POLLIN, 0};
    if (poll(&readable, 1, 5) <= 0 || hold_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    auto packet = ReceivePacket(ours_.get());
    if (!packet) continue;
    handoff::v1::SignRequests requests;
    EXPECT_TRUE(requests.ParseFromString(packet->payload));
    handoff::v1::SignResponses responses;
    for (const auto& request : requests.requests()) {
      auto& response = *responses.add_responses();
      response.set_id(request.id());
      response.set_reason(refusal_.empty() ? "no such key" : refusal_);
      for (const TestCertificate* one : certificates_) {
        if (one->message.key() != request.key() || !refusal_.empty()) continue;
        response.set_signature(
            one->Sign(static_cast<uint16_t>(request.scheme()), request.message()));
      }
      ++asked_;
    }
    (void)SendPacket(ours_.get(), responses.SerializeAsString());
  }
}

FakeProxy::FakeProxy() {
  auto pair = MakeSocketPair(SOCK_SEQPACKET);
  ours_ = std::move(pair->ours);
  theirs_ = std::move(pair->theirs);
}

void FakeProxy::Narrow() {
  const int least = 1;
  setsockopt(theirs_.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
}

bool FakeProxy::Idle() const {
  pollfd readable{ours_.get(), POLLIN, 0};
  return poll(&readable, 1, 0) == 0;
}

bool FakeProxy::Ended() const {
  pollfd ended{ours_.get(), 0, 0};
  return poll(&ended, 1, 0) == 1 && (ended.revents & POLLHUP) != 0;
}

FakeProxy::Received FakeProxy::Receive() {
  pollfd readable{ours_.get(), POLLIN, 0};
  EXPECT_EQ(poll(&readable, 1, kPatienceMs), 1) << "nothing came to the proxy";
  auto packet = ReceivePacket(ours_.get());
  Received received;
  if (!packet) return received;
  EXPECT_TRUE(received.message.ParseFromString(packet->payload));
  if (!packet->descriptors.empty()) received.socket = std::move(packet->descriptors.front());
  return received;
}

void FakeProxy::Send(const handoff::v1::ToTls& request, int socket) {
  EXPECT_TRUE(
      SendPacket(ours_.get(), request.SerializeAsString(), std::span(&socket, socket < 0 ? 0 : 1)));
}

FakeServer::FakeServer(const Options& options)
    : options_(options), context_(SSL_CTX_new(TLS_method())) {
  SSL_CTX* context = context_.get();
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> buffers;
  std::vector<CRYPTO_BUFFER*> chain;
  std::vector<const TestCertificate*> shown = {options.certificate};
  shown.insert(shown.end(), options.chain.begin(), options.chain.end());
  for (const TestCertificate* one : shown) {
    const std::string& der = one->message.chain(0);
    buffers.emplace_back(
        CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
    chain.push_back(buffers.back().get());
  }
  EXPECT_TRUE(SSL_CTX_set_chain_and_key(context, chain.data(), chain.size(),
                                        options.certificate->key.get(), nullptr));
  EXPECT_TRUE(SSL_CTX_set_min_proto_version(context, TLS1_VERSION));
  EXPECT_TRUE(SSL_CTX_set_max_proto_version(context, options.version));
  if (!options.suites.empty()) {
    EXPECT_TRUE(SSL_CTX_set_strict_cipher_list(context, options.suites.c_str()));
  }
  const uint8_t id[] = {1};
  SSL_CTX_set_session_id_context(context, id, sizeof id);
  SSL_CTX_set_custom_verify(context,
                            options.asks_for_certificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                            [](SSL*, uint8_t*) { return ssl_verify_ok; });
  listening_ = ListenAnywhere(port_, SOCK_NONBLOCK);
  accepting_ = std::thread([this] {
    while (!stop_) {
      pollfd readable{listening_.get(), POLLIN, 0};
      if (poll(&readable, 1, 5) <= 0) continue;
      UniqueFd socket(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const timeval patience{kPatienceMs / 1000, 0};
      setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      Serve(std::move(socket));
    }
  });
}

FakeServer::~FakeServer() {
  stop_ = true;
  accepting_.join();
}

void FakeServer::Serve(UniqueFd socket) {
  const bssl::UniquePtr<SSL> ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), socket.get());
  const bool done = SSL_accept(ssl.get()) == 1;
  {
    const std::lock_guard lock(mutex_);
    const char* name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
    names_.push_back(name == nullptr ? "" : name);
    const bssl::UniquePtr<X509> client(done ? SSL_get_peer_certificate(ssl.get()) : nullptr);
    shown_ = CommonName(client.get());
  }
  if (!done) return;
  resumed_ += SSL_session_reused(ssl.get());
  char buffer[16'384] = {'h', 'i'};
  for (int size = 2; size > 0; size = SSL_read(ssl.get(), buffer, sizeof buffer)) {
    if (SSL_write(ssl.get(), buffer, size) != size) return;
  }
}

std::vector<std::string> FakeServer::names() const {
  const std::lock_guard lock(mutex_);
  return names_;
}

std::string FakeServer::shown() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

TestTls::TestTls() : log_({.program = "test", .level = LogLevel::kInfo}) {
  signal(SIGPIPE, SIG_IGN);  // as the runtime does
  engine_ = std::make_unique<Engine>(log_);
  snapshot.set_threads(2);
  snapshot.set_handshake_timeout_ms(20'000);
  snapshot.set_max_handshakes(1'000);
  snapshot.set_max_handshakes_per_client(1'000);
  auto& key = *snapshot.add_ticket_keys();
  key.set_name(std::string(16, 'n'));
  key.set_secret(std::string(64, 's'));
}

worker::v1::TlsListener& TestTls::AddListener(const std::vector<std::string>& certificates,
                                              worker::v1::TlsProfile profile) {
  uint16_t free_port = 0;
  UniqueFd fd = ListenAnywhere(free_port, SOCK_NONBLOCK);
  auto& added = *snapshot.add_listeners();
  added.mutable_listener()->set_address("127.0.0.1");
  added.mutable_listener()->set_port(free_port);
  added.mutable_listener()->set_tls(true);
  added.set_profile(profile);
  for (const std::string& name : certificates) added.add_certificates(name);
  sockets_[free_port] = std::move(fd);
  return added;
}

Result<> TestTls::Prepare() {
  return engine_->Prepare(snapshot, [&](const std::string&, uint32_t wanted) {
    const auto held = sockets_.find(wanted);
    return UniqueFd(held == sockets_.end() ? -1 : dup(held->second.get()));
  });
}

void TestTls::Apply() {
  const auto prepared = Prepare();
  ASSERT_TRUE(prepared) << prepared.error().message;
  engine_->Commit();
  std::promise<void> settled;
  engine_->CutHandshakes([&](uint32_t) { settled.set_value(); });
  settled.get_future().wait();
}

worker::v1::HandshakeStats TestTls::Stats(int listener) {
  worker::v1::GetTlsStatsResponse stats;
  engine_->GetStats(stats);
  return stats.listeners(listener).handshakes();
}

uint64_t TestTls::Failed(const std::string& word, int listener) {
  const auto stats = Stats(listener);
  const auto found = stats.failed_total().find(word);
  return found == stats.failed_total().end() ? 0 : found->second;
}

bool TestTls::Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

int TestTls::Lines(const std::string& text) const {
  int lines = 0;
  for (const LogEntry& entry : log_.Recent(1000)) {
    lines += entry.text.find(text) != std::string::npos;
  }
  return lines;
}

UniqueFd ListenAnywhere(uint16_t& port, int flags) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(fd.get(), 1024), 0);
  EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  port = ntohs(address.sin_port);
  return fd;
}

UniqueFd ConnectTo(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{kPatienceMs / 1000, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

TestClient::TestClient(uint16_t port, const Options& options, const std::string& before)
    : TestClient(ConnectTo(port), options) {
  if (before.empty()) return;
  EXPECT_EQ(send(fd_.get(), before.data(), before.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(before.size()));
}

TestClient::TestClient(UniqueFd socket, const Options& options)
    : fd_(std::move(socket)), options_(options), context_(SSL_CTX_new(TLS_method())) {
  SSL_CTX* context = context_.get();
  if (options.version != 0) {
    EXPECT_TRUE(SSL_CTX_set_min_proto_version(context, options.version));
    EXPECT_TRUE(SSL_CTX_set_max_proto_version(context, options.version));
  }
  if (!options.suites.empty()) {
    EXPECT_TRUE(SSL_CTX_set_strict_cipher_list(context, options.suites.c_str()));
  }
  if (!options.verify_algorithms.empty()) {
    EXPECT_TRUE(SSL_CTX_set_verify_algorithm_prefs(context, options.verify_algorithms.data(),
                                                   options.verify_algorithms.size()));
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, TakeSession);
  ssl_.reset(SSL_new(context));
  SSL_set_app_data(ssl_.get(), this);
  if (!options.server_name.empty()) {
    EXPECT_TRUE(SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str()));
  }
  std::string protocols;
  for (const std::string& one : options.alpn) protocols += static_cast<char>(one.size()) + one;
  EXPECT_EQ(SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const uint8_t*>(protocols.data()),
                                static_cast<unsigned>(protocols.size())),
            0);
  if (options.session != nullptr) {
    EXPECT_TRUE(SSL_set_session(ssl_.get(), options.session));
  }
  SSL_enable_ocsp_stapling(ssl_.get());
}

int TestClient::TakeSession(SSL* ssl, SSL_SESSION* session) {
  static_cast<TestClient*>(SSL_get_app_data(ssl))->session_.reset(session);
  return 1;
}

bool TestClient::Connect() {
  if (!options_.byte_by_byte) {
    SSL_set_fd(ssl_.get(), fd_.get());
    return SSL_connect(ssl_.get()) == 1;
  }
  return ConnectBy([this](std::string_view flight, bool) {
    for (const char byte : flight) {
      if (send(fd_.get(), &byte, 1, MSG_NOSIGNAL) != 1) return false;
    }
    return true;
  });
}

bool TestClient::ConnectBy(const std::function<bool(std::string_view flight, bool last)>& write) {
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_.get(), in, out);
  for (;;) {
    const int result = SSL_connect(ssl_.get());
    const uint8_t* bytes = nullptr;
    size_t size = 0;
    BIO_mem_contents(out, &bytes, &size);
    const std::string flight(reinterpret_cast<const char*>(bytes), size);
    BIO_reset(out);
    if (!write(flight, result == 1)) return false;
    if (result == 1) return true;
    if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) return false;
    char buffer[4096];
    const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    BIO_write(in, buffer, static_cast<int>(got));
  }
}

std::string TestClient::Sealed(const std::string& text) {
  EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
            static_cast<int>(text.size()));
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  BIO* out = SSL_get_wbio(ssl_.get());
  BIO_mem_contents(out, &bytes, &size);
  std::string records(reinterpret_cast<const char*>(bytes), size);
  BIO_reset(out);
  return records;
}

std::string TestClient::shown() const {
  const bssl::UniquePtr<X509> x509(SSL_get_peer_certificate(ssl_.get()));
  return CommonName(x509.get());
}

void TestClient::ReadTickets() {
  char byte;
  const timeval soon{0, 200'000};
  while (!session_) {
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    if (SSL_read(ssl_.get(), &byte, 1) <= 0 && !session_) break;
  }
}

}  // namespace aloha::tls
