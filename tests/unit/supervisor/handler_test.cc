#include "supervisor/admin/handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

TEST(HandlerTest, WorkersMayOnlyRead) {
  const Caller worker{"aloha-wui", "Services/StopService", false};
  EXPECT_TRUE(MayCall(CallKind::kRead, worker));
  const Result<> change = MayCall(CallKind::kChange, worker);
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, Code::kPermissionDenied);
  EXPECT_THAT(change.error().message, testing::HasSubstr("aloha-wui may only read"));
}

TEST(HandlerTest, AdministratorsMayChange) {
  const Caller root{"root (uid 0)", "Services/StopService", true};
  EXPECT_TRUE(MayCall(CallKind::kChange, root));
}

TEST(HandlerTest, StrangersMayNotChange) {
  asio::io_context loop;
  Log log(LogOptions{"test", LogLevel::kError});
  const ManagementSocket socket(loop, log, false);
  EXPECT_FALSE(socket.Who("fd:7").may_change);
  EXPECT_FALSE(socket.Who("ipv4:192.0.2.1:80").may_change);
  EXPECT_EQ(socket.Who("").name, "unknown");
}

}  // namespace
}  // namespace aloha::supervisor
