#include "supervisor/admin/handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

TEST(HandlerTest, WorkersMayOnlyRead) {
  const Caller worker{"aloha-wui", "Services/StopService", Rights::kMonitor};
  EXPECT_TRUE(MayCall(CallKind::kRead, worker));
  const Result<> change = MayCall(CallKind::kOperate, worker);
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, Code::kPermissionDenied);
  EXPECT_THAT(change.error().message, testing::HasSubstr("aloha-wui may only read"));
}

TEST(HandlerTest, AdministratorsMayChange) {
  const Caller root{"root (uid 0)", "Services/StopService", Rights::kAdmin};
  EXPECT_TRUE(MayCall(CallKind::kChange, root));
}

TEST(HandlerTest, OperatorsMayOperate) {
  const Caller operator_{"carol", "Services/StopService", Rights::kOperator};
  EXPECT_TRUE(MayCall(CallKind::kRead, operator_));
  EXPECT_TRUE(MayCall(CallKind::kOperate, operator_));
  EXPECT_FALSE(MayCall(CallKind::kChange, operator_));
}

TEST(HandlerTest, StrangersMayDoNothing) {
  EXPECT_FALSE(MayCall(CallKind::kRead, Caller{"unknown", "Stats/GetStats", Rights::kNone}));
  asio::io_context loop;
  Log log(LogOptions{"test", LogLevel::kError});
  const ManagementSocket socket(loop, log, false);
  EXPECT_EQ(socket.Who("fd:7").rights, Rights::kNone);
  EXPECT_EQ(socket.Who("ipv4:192.0.2.1:80").rights, Rights::kNone);
  EXPECT_EQ(socket.Who("").name, "unknown");
}

}  // namespace
}  // namespace aloha::supervisor
