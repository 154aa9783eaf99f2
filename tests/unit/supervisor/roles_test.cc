#include "supervisor/roles.h"

#include <gtest/gtest.h>

#include <set>

namespace aloha::supervisor {
namespace {

TEST(RolesTest, EveryRoleAndPermissionHasAReason) {
  for (const Role& role : Roles()) {
    EXPECT_FALSE(role.reason.empty()) << role.name;
    for (const Capability& capability : role.capabilities)
      EXPECT_FALSE(capability.reason.empty()) << capability.name;
    for (const Peer& peer : role.peers)
      EXPECT_FALSE(peer.reason.empty()) << role.name << " to " << peer.role;
  }
}

TEST(RolesTest, SystemAloneHoldsCapabilities) {
  for (const Role& role : Roles())
    EXPECT_EQ(!role.capabilities.empty(), role.name == "system") << role.name;
}

TEST(RolesTest, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Role& role : Roles()) {
    EXPECT_TRUE(names.insert(role.name).second);
    EXPECT_EQ(FindRole(role.name), &role);
    EXPECT_GE(role.count, 1);
  }
  EXPECT_EQ(FindRole("stranger"), nullptr);
}

// It starts when everything serves and is replaced last, after all that could fail; to drain it
// would be to give the addresses up.
TEST(RolesTest, VrrpComesLastAndGivesNothingUp) {
  EXPECT_EQ(Roles().back().name, "vrrp");
  EXPECT_EQ(FindRole("vrrp")->succession, Succession::kAfterEnd);
}

TEST(RolesTest, PeersKnowEachOther) {
  for (const Role& role : Roles()) {
    for (const Peer& peer : role.peers) {
      if (IsSupervisor(peer.role)) continue;
      const Role* other = FindRole(peer.role);
      ASSERT_NE(other, nullptr);
      bool mutual = false;
      for (const Peer& back : other->peers) mutual = mutual || back.role == role.name;
      EXPECT_TRUE(mutual) << role.name << " and " << peer.role;
    }
  }
}

}  // namespace
}  // namespace aloha::supervisor
