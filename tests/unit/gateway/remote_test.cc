// Remote administrators: what is told of refusals, credentials in metadata, the API's description.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <set>

#include "wui/gateway/behalf.h"
#include "wui/gateway/refusals.h"
#include "wui/gateway/schema.h"

namespace aloha::gateway {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class NoWatcher final : public Refusals::Watcher {
 public:
  void Wake() override { ++woken; }
  int woken = 0;
};

worker::v1::Refusal Of(const std::string& address) {
  worker::v1::Refusal refusal;
  refusal.set_address(address);
  return refusal;
}

TEST(Refusals, AFloodIsCounted) {
  Refusals refusals;
  NoWatcher watcher;
  refusals.Watch(&watcher);
  const Refusals::Clock::time_point start{std::chrono::hours(1)};
  for (int i = 0; i < 1000; ++i) refusals.Add(Of("10.0.0.1"), start);
  EXPECT_EQ(watcher.woken, Refusals::kBurst);
  worker::v1::Refusal taken;
  for (int i = 0; i < Refusals::kBurst; ++i) ASSERT_TRUE(refusals.Take(&watcher, taken));
  EXPECT_FALSE(refusals.Take(&watcher, taken));
  EXPECT_FALSE(refusals.Add(Of("10.0.0.2"), start + Refusals::kInterval / 2));
  EXPECT_TRUE(refusals.Add(Of("10.0.0.3"), start + Refusals::kInterval));
  ASSERT_TRUE(refusals.Take(&watcher, taken));
  EXPECT_EQ(taken.address(), "10.0.0.3");
  EXPECT_EQ(taken.untold(), 1001U - Refusals::kBurst);
}

TEST(Refusals, WaitForASupervisorAndGoToTheNewest) {
  Refusals refusals;
  Refusals::Clock::time_point now{std::chrono::hours(1)};
  for (int i = 0; i < Refusals::kBurst + 3; ++i) {
    refusals.Add(Of(std::to_string(i)), now);
    now += Refusals::kInterval;
  }
  NoWatcher old, newest;
  refusals.Watch(&old);
  refusals.Watch(&newest);
  refusals.Forget(&old);
  worker::v1::Refusal taken;
  EXPECT_FALSE(refusals.Take(&old, taken));
  ASSERT_TRUE(refusals.Take(&newest, taken));
  EXPECT_EQ(taken.address(), "3");
  EXPECT_EQ(taken.untold(), 3U);
  refusals.Forget(&newest);
  EXPECT_FALSE(refusals.Take(&newest, taken));
}

TEST(Behalf, BearerTokens) {
  EXPECT_EQ(BearerToken("Bearer abc.DEF-123"), "abc.DEF-123");
  EXPECT_EQ(BearerToken("bEARER x"), "x");
  for (const char* other : {"", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer a,b",
                            "Bearer a\n", "Bearer\tx", "Bearer \x80"})
    EXPECT_EQ(BearerToken(other), "") << other;
  EXPECT_EQ(BearerToken("Bearer " + std::string(513, 'x')), "");
}

TEST(Behalf, OnlyTheManagementApi) {
  SupervisorChannel none;
  const Behalf behalf(none, "CN=ops", "10.0.0.9");
  EXPECT_EQ(behalf.RouteOf({"/aloha.peer.v1.Peer/Hello", ""}).error().error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(behalf.RouteOf({"/aloha.admin.v1.Services/ListServices", ""}).error().error_code(),
            grpc::StatusCode::UNAVAILABLE);
  grpc::Status asked;
  behalf.Ask([&](const grpc::Status& status) { asked = status; });
  EXPECT_EQ(asked.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(behalf.Works());
}

TEST(Schema, IsThatOfTheManagementApiAlone) {
  EXPECT_THAT(ServiceNames(), Contains("aloha.admin.v1.Users"));
  EXPECT_THAT(ServiceNames(), Contains("grpc.reflection.v1alpha.ServerReflection"));
  EXPECT_THAT(ServiceNames(), Not(Contains(HasSubstr("worker"))));
  EXPECT_TRUE(KnowsService(""));
  EXPECT_FALSE(KnowsService("aloha.worker.v1.Gateway"));
}

TEST(Schema, FilesComeWithAllTheyImport) {
  grpc::reflection::v1alpha::ServerReflectionRequest request;
  request.set_host("any");
  request.set_file_containing_symbol("aloha.admin.v1.Events.WatchAll");
  const auto response = Reflect(request);
  EXPECT_EQ(response.valid_host(), "any");
  EXPECT_EQ(response.original_request().file_containing_symbol(), request.file_containing_symbol());
  std::set<std::string> named, needed;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(bytes));
    if (named.empty()) {
      EXPECT_EQ(file.name(), "admin/v1/events.proto");
    }
    named.insert(file.name());
    needed.insert(file.dependency().begin(), file.dependency().end());
  }
  EXPECT_THAT(named, testing::IsSupersetOf(needed));
  for (const char* unknown : {"", "aloha.worker.v1.Worker", "x"}) {
    request.set_file_containing_symbol(unknown);
    EXPECT_EQ(Reflect(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND)
        << unknown;
  }
  request.Clear();
  EXPECT_EQ(Reflect(request).error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace aloha::gateway
