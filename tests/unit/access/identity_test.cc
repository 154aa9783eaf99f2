#include "supervisor/access/identity.h"

#include <gtest/gtest.h>

#include "admin/v1/admin.pb.h"
#include "admin/v1/events.pb.h"
#include "admin/v1/traffic.pb.h"

namespace aloha::supervisor {
namespace {

TEST(IdentityTest, WritesAnAddressInOneWay) {
  EXPECT_EQ(PlainAddress("10.0.0.9"), "10.0.0.9");
  EXPECT_EQ(PlainAddress("::ffff:10.0.0.9"), "10.0.0.9");
  EXPECT_EQ(PlainAddress("::ffff:a00:9"), "10.0.0.9");
  EXPECT_EQ(PlainAddress("fe80::1%eth0"), "fe80::1");
  EXPECT_EQ(PlainAddress("2001:DB8::0001"), "2001:db8::1");
  for (const char* bad : {"", "localhost", "10.0.0.256", "10.0.0.9:4444", "[::1]", "10.0.0.9\n"})
    EXPECT_EQ(PlainAddress(bad), "") << bad;
}

TEST(IdentityTest, ScopesAreServicesAndMethods) {
  EXPECT_TRUE(InScope({}, "Services/StopService"));
  EXPECT_TRUE(InScope({"Services/*"}, "Services/StopService"));
  EXPECT_TRUE(InScope({"Stats/GetStats", "Services/*"}, "Stats/GetStats"));
  EXPECT_FALSE(InScope({"Stats/GetStats"}, "Stats/ResetStats"));
  EXPECT_FALSE(InScope({"Services/*"}, "VirtualServices/GetVirtualService"));
  EXPECT_FALSE(InScope({"Stats/Get*"}, "Stats/GetStats")) << "no other patterns";
}

TEST(IdentityTest, ScopesNameWhatThereIs) {
  (void)admin::v1::Service::descriptor();
  (void)admin::v1::Live::descriptor();
  (void)admin::v1::StatsSnapshot::descriptor();
  for (const char* good : {"Services/*", "Stats/GetStats", "Events/WatchAll"})
    EXPECT_TRUE(CheckScope(good)) << good;
  for (const char* bad : {"", "*", "/", "Services", "Services/", "Services/Stop", "Stat/*", "*/*",
                          "Services/*/x", "../Services/*"})
    EXPECT_FALSE(CheckScope(bad)) << bad;
}

TEST(IdentityTest, RolesMeanTheSameEverywhere) {
  EXPECT_EQ(RightsOf(config::v1::GrpcUser::ADMIN), Rights::kAdmin);
  EXPECT_EQ(RightsOf(config::v1::GrpcUser::MONITOR), Rights::kMonitor);
  EXPECT_EQ(RightsOf(config::v1::GrpcUser::ROLE_UNSPECIFIED), Rights::kNone);
  for (const Rights rights : {Rights::kMonitor, Rights::kOperator, Rights::kAdmin}) {
    EXPECT_EQ(RightsOf(RoleOf(rights)), rights);
    EXPECT_EQ(RightsOf(AccessRoleOf(rights)), rights);
  }
}

}  // namespace
}  // namespace aloha::supervisor
