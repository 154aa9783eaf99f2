#include "tests/unit/wui/web_fixture.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <poll.h>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <future>

#include "handoff/v1/handoff.pb.h"
#include "tests/unit/wui/listener.h"
#include "workers/runtime/packet.h"
#include "wui/server/tls_connection.h"

namespace aloha::wui {

TestIdentity MakeIdentity() {
  TestIdentity identity;
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  EC_KEY_generate_key(ec.get());
  identity.key.reset(EVP_PKEY_new());
  EVP_PKEY_set1_EC_KEY(identity.key.get(), ec.get());
  const bssl::UniquePtr<X509> x509(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
  X509_set_pubkey(x509.get(), identity.key.get());
  X509_NAME* name = X509_get_subject_name(x509.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("node7"), -1, -1, 0);
  X509_set_issuer_name(x509.get(), name);
  X509_sign(x509.get(), identity.key.get(), EVP_sha256());
  uint8_t* der = nullptr;
  int size = i2d_X509(x509.get(), &der);
  identity.certificate.set_name("wui");
  identity.certificate.add_chain(der, static_cast<size_t>(size));
  OPENSSL_free(der);
  der = nullptr;
  size = i2d_PUBKEY(identity.key.get(), &der);
  uint8_t hash[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<size_t>(size), hash);
  OPENSSL_free(der);
  identity.certificate.set_key(hash, sizeof(hash));
  return identity;
}

TestSigner::~TestSigner() {
  if (socket_) shutdown(socket_.get(), SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
}

UniqueFd TestSigner::Connect() {
  if (socket_) shutdown(socket_.get(), SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  SocketPair pair = std::move(*MakeSocketPair(SOCK_SEQPACKET));
  socket_ = std::move(pair.ours);
  thread_ = std::thread([this, socket = socket_.get()] { Run(socket); });
  return std::move(pair.theirs);
}

void TestSigner::Run(int socket) {
  while (true) {
    pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
    poll(&wait, 1, -1);
    const auto packet = ReceivePacket(socket);
    handoff::v1::SignRequests requests;
    if (!packet || !requests.ParseFromString(packet->payload)) return;
    handoff::v1::SignResponses responses;
    for (const auto& request : requests.requests()) {
      bssl::ScopedEVP_MD_CTX context;
      size_t size = 0;
      const auto* message = reinterpret_cast<const uint8_t*>(request.message().data());
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, identity_.key.get());
      EVP_DigestSign(context.get(), nullptr, &size, message, request.message().size());
      std::string signature(size, '\0');
      EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size, message,
                     request.message().size());
      signature.resize(size);
      handoff::v1::SignResponse* response = responses.add_responses();
      response->set_id(request.id());
      response->set_signature(signature);
    }
    (void)SendPacket(socket, responses.SerializeAsString());
  }
}

grpc::Status TestSupervisor::ServicesImpl::ListServices(grpc::ServerContext* context,
                                                        const admin::v1::ListServicesRequest*,
                                                        admin::v1::ListServicesResponse* response) {
  for (const auto& [name, value] : context->client_metadata()) {
    const std::string text(name.data(), name.size());
    if (!text.starts_with("aloha-")) continue;
    response->add_services()->set_name(text + "=" + std::string(value.data(), value.size()));
  }
  context->AddTrailingMetadata("aloha-session", "fresh");
  context->AddTrailingMetadata("aloha-session-max-age", "60");
  return grpc::Status::OK;
}

grpc::Status TestSupervisor::ServicesImpl::StopService(grpc::ServerContext*,
                                                       const admin::v1::StopServiceRequest*,
                                                       admin::v1::ChangeResponse*) {
  admin::v1::ErrorDetail detail;
  detail.set_reason("REFUSED");
  return {grpc::StatusCode::FAILED_PRECONDITION, "no", detail.SerializeAsString()};
}

grpc::Status TestSupervisor::EventsImpl::WatchEvents(grpc::ServerContext* context,
                                                     const admin::v1::WatchEventsRequest* request,
                                                     grpc::ServerWriter<admin::v1::Event>* writer) {
  ++streams_;
  uint32_t sent = 0;
  while (!context->IsCancelled() && (request->backlog() == 0 || sent < request->backlog())) {
    admin::v1::Event event;
    event.set_text("event " + std::to_string(++sent));
    if (!writer->Write(event)) break;
    if (request->backlog() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  --streams_;
  return grpc::Status::OK;
}

TestSupervisor::TestSupervisor() {
  grpc::ServerBuilder builder;
  builder.RegisterService(&services_);
  builder.RegisterService(&events_);
  server_ = builder.BuildAndStart();
}

std::shared_ptr<grpc::Channel> TestSupervisor::Connect() {
  SocketPair pair = std::move(*MakeSocketPair(SOCK_STREAM));
  grpc::AddInsecureChannelFromFd(server_.get(), pair.ours.release());
  return grpc::CreateInsecureChannelFromFd("supervisor", pair.theirs.release());
}

TestBrowser::TestBrowser(uint16_t port)
    : context_(SSL_CTX_new(TLS_method())), socket_(Connect(port)), ssl_(SSL_new(context_.get())) {
  SSL_set_fd(ssl_.get(), socket_.get());
  connected_ = SSL_connect(ssl_.get()) == 1;
}

void TestBrowser::Send(const std::string& bytes) {
  SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

bool TestBrowser::More() {
  char buffer[4096];
  const int count = SSL_read(ssl_.get(), buffer, sizeof(buffer));
  if (count > 0) received_.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

std::string TestBrowser::Receive() {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  size_t head = 0;
  while ((head = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!More()) return "(ended) " + received_;
  }
  const size_t at = received_.find(kLength);
  const size_t size = at < head ? std::stoul(received_.substr(at + kLength.size())) : 0;
  while (received_.size() < head + 4 + size) {
    if (!More()) return "(ended) " + received_;
  }
  std::string response = received_.substr(0, head + 4 + size);
  received_.erase(0, response.size());
  return response;
}

std::string TestBrowser::Ask(const std::string& bytes) {
  Send(bytes);
  return Receive();
}

std::string TestBrowser::Until(const std::string& text) {
  while (received_.find(text) == std::string::npos) {
    if (!More()) return "(ended) " + received_;
  }
  return received_;
}

std::string TestBrowser::Rest() {
  while (More()) continue;
  const bool in_order = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  return received_ + (in_order ? "" : "(without close_notify)");
}

WebServerTest::WebServerTest() {
  auto [listener, port] = Listen();
  port_ = port;
  const auto settings =
      MakeTlsSettings(identity_.certificate, TlsConnection::kKeyMethod, "wui.web.certificate");
  EXPECT_TRUE(settings) << settings.error().message;
  keys_->Use(signer_.Connect());
  backend_.SetChannel(channel_);
  server_.emplace(WebServer::Parts{loop_, keys_, backend_, files_, "machine"}, std::move(listener),
                  net::Networks(), *settings);
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(loop_);
    loop_.run();
  });
}

WebServerTest::~WebServerTest() {
  OnLoop([this] {
    server_.reset();
    backend_.SetChannel(nullptr);
  });
  // Calls end with their browsers, and let the channel go on the loop.
  for (int i = 0; i < 500 && channel_.use_count() > 1; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(channel_.use_count(), 1);
  loop_.stop();
  thread_.join();
}

void WebServerTest::OnLoop(const std::function<void()>& work) {
  std::promise<void> done;
  asio::post(loop_, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace aloha::wui
