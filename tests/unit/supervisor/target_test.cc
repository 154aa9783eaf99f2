// Which roles a target needs, and which sockets each gets.
#include "supervisor/target.h"

#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

TEST(TargetTest, TheGatewayRunsForNodesAndForAdministrators) {
  Target target;
  EXPECT_FALSE(target.Needs("gateway"));
  EXPECT_TRUE(ListenersOf("gateway", target).empty());
  target.gateway.mutable_management()->mutable_listener()->set_port(4445);
  EXPECT_TRUE(target.Needs("gateway"));
  target.gateway.mutable_listener()->set_port(4443);
  ASSERT_EQ(ListenersOf("gateway", target).size(), 2U);
  EXPECT_EQ(ListenersOf("gateway", target)[0].port(), 4443U);
  EXPECT_EQ(ListenersOf("gateway", target)[1].port(), 4445U);
  EXPECT_TRUE(ListenersOf("wui", target).empty());
}

}  // namespace
}  // namespace aloha::supervisor
