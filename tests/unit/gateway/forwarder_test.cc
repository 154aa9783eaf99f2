#include "wui/gateway/forwarder.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/server_posix.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/gateway/nodes.h"

namespace aloha::gateway {
namespace {

using grpc::StatusCode;

// A client, a forwarder, and a supervisor behind it.
class ForwarderTest : public testing::Test {
 protected:
  ForwarderTest()
      : forwarder_([this](const CallHead& call, const auto& answer) {
          method_ = call.method;
          answer(refusal_.ok() ? RouteOrStatus(Route{to_, {{"aloha-node-key", "ours"}}})
                               : tl::make_unexpected(refusal_));
        }) {
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(16 << 20);
    builder.RegisterCallbackGenericService(&forwarder_);
    server_ = builder.BuildAndStart();
    SocketPair pair = std::move(*MakeSocketPair(SOCK_STREAM));
    grpc::AddInsecureChannelFromFd(server_.get(), pair.theirs.release());
    stub_ = peer::v1::Peer::NewStub(
        grpc::CreateInsecureChannelFromFd("forwarder", pair.ours.release()));
  }
  ~ForwarderTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status Hello(const std::string& name, grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + patience_);
    peer::v1::HelloRequest request;
    request.mutable_node()->set_name(name);
    return stub_->Hello(&context, request, &response_);
  }
  grpc::Status Hello(const std::string& name) {
    grpc::ClientContext context;
    return Hello(name, context);
  }

  std::chrono::milliseconds patience_{20'000};
  FakeSupervisor supervisor_;
  std::shared_ptr<grpc::Channel> to_ = supervisor_.Connect();
  grpc::Status refusal_;
  std::string method_;
  Forwarder forwarder_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<peer::v1::Peer::Stub> stub_;
  peer::v1::HelloResponse response_;
};

TEST_F(ForwarderTest, CarriesACallAndItsAnswer) {
  const grpc::Status status = Hello("one");
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response_.node().name(), "answer to one");
  EXPECT_EQ(method_, "/aloha.peer.v1.Peer/Hello");
}

TEST_F(ForwarderTest, NobodySaysWhoHeIs) {
  grpc::ClientContext context;
  context.AddMetadata("aloha-node-key", "theirs");
  context.AddMetadata("aloha-role", "admin");
  context.AddMetadata("x-trace", "kept");
  ASSERT_TRUE(Hello("one", context).ok());
  const auto metadata = supervisor_.metadata();
  ASSERT_EQ(metadata.count("aloha-node-key"), 1U);
  EXPECT_EQ(metadata.find("aloha-node-key")->second, "ours");
  EXPECT_EQ(metadata.count("aloha-role"), 0U);
  EXPECT_EQ(metadata.find("x-trace")->second, "kept");
}

TEST_F(ForwarderTest, CarriesFailuresAsTheyAre) {
  const grpc::Status status = Hello("refuse");
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "not now");
  EXPECT_EQ(status.error_details(), "details");
}

TEST_F(ForwarderTest, RefusesByItself) {
  refusal_ = grpc::Status(StatusCode::UNAUTHENTICATED, "who are you");
  EXPECT_EQ(Hello("one").error_message(), "who are you");
  EXPECT_TRUE(supervisor_.metadata().empty());
  refusal_ = grpc::Status::OK;
  EXPECT_TRUE(Hello("one").ok());
}

TEST_F(ForwarderTest, CarriesCancellation) {
  grpc::ClientContext context;
  std::thread canceller([&] {
    EXPECT_TRUE(Until([&] { return !supervisor_.metadata().empty(); }));
    context.TryCancel();
  });
  EXPECT_EQ(Hello("wait", context).error_code(), StatusCode::CANCELLED);
  canceller.join();
  EXPECT_TRUE(Until([&] { return supervisor_.cancelled() == 1; }));
}

TEST_F(ForwarderTest, CarriesDeadlines) {
  patience_ = std::chrono::milliseconds(100);
  EXPECT_EQ(Hello("wait").error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Until([&] { return supervisor_.cancelled() == 1; }));
}

TEST_F(ForwarderTest, CarriesLongMessagesAndManyCalls) {
  ASSERT_TRUE(Hello(std::string(3 << 20, 'x')).ok());
  EXPECT_GT(response_.node().name().size(), size_t{3} << 20);
  std::atomic<int> good = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        grpc::ClientContext context;
        peer::v1::HelloRequest request;
        peer::v1::HelloResponse response;
        request.mutable_node()->set_name(std::to_string(j));
        if (j % 10 == 9) context.set_deadline(std::chrono::system_clock::now());  // too late
        const bool answered = stub_->Hello(&context, request, &response).ok();
        if (answered && response.node().name() == "answer to " + std::to_string(j)) ++good;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(good, 180);
}

TEST_F(ForwarderTest, SurvivesTheOtherSide) {
  to_ = grpc::CreateInsecureChannelFromFd("gone", [] {
    SocketPair pair = std::move(*MakeSocketPair(SOCK_STREAM));
    return pair.ours.release();
  }());
  EXPECT_EQ(Hello("one").error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace aloha::gateway
