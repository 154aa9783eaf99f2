#include "tests/unit/gateway/nodes.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/server_posix.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/socket.h>

#include <algorithm>

namespace aloha::gateway {
namespace {

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  return context;
}

std::pair<UniqueFd, uint16_t> ListenOnLoopback() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  bind(fd.get(), name, length);
  listen(fd.get(), 128);
  getsockname(fd.get(), name, &length);
  return {std::move(fd), ntohs(address.sin_port)};
}

}  // namespace

FakeSupervisor::FakeSupervisor() {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

std::shared_ptr<grpc::Channel> FakeSupervisor::Connect() {
  SocketPair pair = std::move(*MakeSocketPair(SOCK_STREAM));
  grpc::AddInsecureChannelFromFd(server_.get(), pair.theirs.release());
  return grpc::CreateInsecureChannelFromFd("supervisor", pair.ours.release());
}

void FakeSupervisor::Note(const grpc::ServerContext& call) {
  const std::lock_guard lock(mutex_);
  metadata_.clear();
  for (const auto& [name, value] : call.client_metadata())
    metadata_.emplace(std::string(name.data(), name.size()),
                      std::string(value.data(), value.size()));
}

std::multimap<std::string, std::string> FakeSupervisor::metadata() {
  const std::lock_guard lock(mutex_);
  return metadata_;
}

grpc::Status FakeSupervisor::Hello(grpc::ServerContext* call, const peer::v1::HelloRequest* request,
                                   peer::v1::HelloResponse* response) {
  Note(*call);
  const std::string& name = request->node().name();
  if (name == "refuse") return {grpc::StatusCode::FAILED_PRECONDITION, "not now", "details"};
  if (name == "wait") {
    while (!call->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ++cancelled_;
  }
  response->mutable_node()->set_name("answer to " + name);
  return grpc::Status::OK;
}

grpc::Status FakeSupervisor::Join(grpc::ServerContext* call, const peer::v1::JoinRequest* request,
                                  peer::v1::JoinResponse* response) {
  Note(*call);
  response->set_message(request->message());
  return grpc::Status::OK;
}

TestNode::TestNode() : dialer_(loop_, identity_, bytes_) {
  EXPECT_TRUE(PrepareTls());
  crypto_sign_keypair(key_.data(), secret_.data());
  channel_.Set(supervisor_.Connect());
  peer_ = std::make_unique<PeerConnection>(dialer_);
  entrance_ = std::make_unique<Entrance>(loop_, log_, identity_, channel_, bytes_);
  auto [listener, port] = ListenOnLoopback();
  port_ = port;
  entrance_->Listen(std::move(listener));
  thread_ = std::thread([this] { loop_.run(); });
  Certify();
}

TestNode::~TestNode() {
  On([this] {
    peer_.reset();
    entrance_.reset();
  });
  work_.reset();
  loop_.stop();
  thread_.join();
}

void TestNode::Certify(int64_t from_s) {
  On([&] {
    node::NodeCertificate certificate;
    const std::string point = *identity_.MakeKey();
    std::copy(point.begin(), point.end(), certificate.tls_key.begin());
    certificate.node_key = key_;
    certificate.serial[0] = 0x42;
    certificate.not_before_s = NowSeconds() + from_s;
    certificate.not_after_s = NowSeconds() + from_s + 86400;
    const std::string text = node::EncodeUnsigned(certificate);
    node::Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const uint8_t*>(text.data()),
                         text.size(), secret_.data());
    const auto used = identity_.Use(node::EncodeSigned(certificate, signature));
    EXPECT_TRUE(used) << used.error().message;
  });
}

void TestNode::Admit(const TestNode* peer, bool joining) {
  On([&] {
    entrance_->Admit({peer == nullptr ? std::nullopt : std::optional(peer->key()), "", joining});
  });
}

void TestNode::SetPeer(const TestNode& peer, uint16_t port) {
  worker::v1::PeerNode node;
  node.set_node_key(peer.key().data(), peer.key().size());
  node.set_address("127.0.0.1");
  node.set_port(port);
  On([&] { peer_->SetPeer(node); });
}

void TestNode::ForgetPeer() {
  On([&] { peer_->SetPeer(std::nullopt); });
}

grpc::Status TestNode::Hello(peer::v1::HelloResponse* response) {
  std::promise<Result<std::shared_ptr<grpc::Channel>>> promise;
  asio::post(loop_,
             [&] { peer_->Channel([&](auto channel) { promise.set_value(std::move(channel)); }); });
  const auto channel = promise.get_future().get();
  if (!channel) return {grpc::StatusCode::UNAVAILABLE, channel.error().message};
  peer::v1::HelloResponse unused;
  return peer::v1::Peer::NewStub(*channel)->Hello(Context().get(), {},
                                                  response == nullptr ? &unused : response);
}

Result<Connected> TestNode::Dial(uint16_t port) {
  std::promise<Result<Connected>> promise;
  asio::post(loop_, [&] {
    dialer_.Dial(
        "127.0.0.1", port, std::nullopt,
        [&](Result<Connected> connected) { promise.set_value(std::move(connected)); }, [] {});
  });
  return promise.get_future().get();
}

grpc::Status TestNode::HelloAt(uint16_t port) {
  const auto connected = Dial(port);
  if (!connected) return {grpc::StatusCode::UNAVAILABLE, connected.error().message};
  peer::v1::HelloResponse response;
  const auto status =
      peer::v1::Peer::NewStub(connected->channel)->Hello(Context().get(), {}, &response);
  On([&] { connected->pump->Close(); });
  return status;
}

grpc::Status TestNode::JoinAt(uint16_t port) {
  const auto connected = Dial(port);
  if (!connected) return {grpc::StatusCode::UNAVAILABLE, connected.error().message};
  peer::v1::JoinResponse response;
  const auto status =
      peer::v1::Peer::NewStub(connected->channel)->Join(Context().get(), {}, &response);
  On([&] { connected->pump->Close(); });
  return status;
}

grpc::Status TestNode::HelloWith(std::shared_ptr<asio::ssl::context> context, uint16_t port) {
  asio::io_context loop(1);
  PumpedBytes bytes;
  asio::ip::tcp::socket socket(loop);
  socket.connect({asio::ip::address_v4::loopback(), port});
  auto pump = std::make_shared<TlsPump>(loop, std::move(socket), std::move(context), bytes);
  SocketPair pair = std::move(*MakeSocketPair(SOCK_STREAM));
  Result<> shaken = Fail(Code::kUnavailable, "no handshake");
  pump->Handshake(asio::ssl::stream_base::client, std::chrono::seconds(10),
                  [&](const Result<>& result) {
                    shaken = result;
                    if (result) return pump->Carry(std::move(pair.ours), {}, [] {});
                    pair.ours.reset();
                  });
  std::thread thread([&] { loop.run(); });
  const auto channel = grpc::CreateInsecureChannelFromFd("node", pair.theirs.release());
  peer::v1::HelloResponse response;
  auto status = peer::v1::Peer::NewStub(channel)->Hello(Context().get(), {}, &response);
  asio::post(loop, [&] { pump->Close(); });
  thread.join();
  if (!shaken) status = {grpc::StatusCode::UNAVAILABLE, shaken.error().message};
  return status;
}

EntranceStats TestNode::stats() {
  return On([this] { return entrance_->stats(); });
}

uint64_t TestNode::refused(const std::string& reason) { return stats().refused[reason]; }

size_t TestNode::connections() {
  return On([this] { return entrance_->connections(); });
}

bool Until(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

}  // namespace aloha::gateway
