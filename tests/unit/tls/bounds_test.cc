#include "workers/tls/bounds.h"

#include <gtest/gtest.h>

namespace aloha::tls {
namespace {

net::Ip Ip(const char* text) { return *net::ParseIp(text); }

TEST(BoundsTest, PlacesAreGivenBack) {
  Bounds bounds;
  bounds.Set(2, 2);
  Bounds::Place first = bounds.Take();
  {
    Bounds::Place second = bounds.Take();
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(bounds.Take());
    Bounds::Place moved = std::move(second);
    EXPECT_TRUE(moved);
    EXPECT_FALSE(bounds.Take());
  }
  EXPECT_EQ(bounds.in_progress(), 1u);
  EXPECT_TRUE(bounds.Take());
  first = Bounds::Place();
  EXPECT_EQ(bounds.in_progress(), 0u);
}

TEST(BoundsTest, ClientsHaveABoundOfTheirOwn) {
  Bounds bounds;
  bounds.Set(100, 1);
  Bounds::Place one = bounds.Take(), two = bounds.Take(), three = bounds.Take();
  EXPECT_TRUE(one.SetClient(Ip("192.0.2.1")));
  EXPECT_FALSE(two.SetClient(Ip("192.0.2.1")));
  EXPECT_TRUE(two.SetClient(Ip("192.0.2.2")));
  EXPECT_TRUE(three.SetClient(Ip("2001:db8:0:1::1")));
  Bounds::Place same_network = bounds.Take(), next_network = bounds.Take();
  EXPECT_FALSE(same_network.SetClient(Ip("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(next_network.SetClient(Ip("2001:db8:0:2::1")));
  one = Bounds::Place();
  EXPECT_TRUE(same_network.SetClient(Ip("192.0.2.1")));
}

}  // namespace
}  // namespace aloha::tls
