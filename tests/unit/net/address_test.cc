#include "workers/net/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "workers/net/networks.h"

namespace aloha::net {
namespace {

Ip MustParse(const std::string& text) { return ParseIp(text).value(); }

TEST(AddressTest, SurvivesSockaddr) {
  for (const char* ip : {"10.1.2.3", "2001:db8::7", "0.0.0.0", "::"}) {
    const Address address = Address::Parse(ip, 8443).value();
    sockaddr_storage storage{};
    const socklen_t length = address.ToSockaddr(storage);
    EXPECT_EQ(storage.ss_family, address.Family());
    EXPECT_EQ(length, address.Family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(Address::FromSockaddr(storage), address) << ip;
  }
}

TEST(AddressTest, Text) {
  EXPECT_EQ(Address::Parse("10.1.2.3", 25)->Text(), "10.1.2.3:25");
  EXPECT_EQ(Address::Parse("2001:db8::7", 25)->Text(), "[2001:db8::7]:25");
  EXPECT_EQ(Address::Parse("::ffff:10.1.2.3", 25)->Text(), "10.1.2.3:25");
}

TEST(AddressTest, RefusesWhatIsNoAddress) {
  for (const char* ip : {"", "mail.example", "10.1.2", "10.1.2.3.4", "1::2::3", "10.1.2.3 "}) {
    EXPECT_FALSE(Address::Parse(ip, 25)) << ip;
  }
  EXPECT_FALSE(Address::Parse("10.1.2.3", 0));
  EXPECT_FALSE(Address::Parse("10.1.2.3", 65536));
}

TEST(AddressTest, HashesDependOnEveryPart) {
  EXPECT_NE(HashIp(MustParse("10.0.0.1")), HashIp(MustParse("10.0.0.2")));
  EXPECT_NE(HashIp(MustParse("10.0.0.1"), 1), HashIp(MustParse("10.0.0.1"), 2));
  EXPECT_NE(HashName("CAS1"), HashName("CAS2"));
  EXPECT_NE(HashName("a-name-of-16-byt"), HashName("a-name-of-16-bytes"));
}

TEST(NetworksTest, Contains) {
  Networks networks;
  ASSERT_TRUE(networks.Add("10.0.0.0/8"));
  ASSERT_TRUE(networks.Add("192.168.7.1"));
  ASSERT_TRUE(networks.Add("2001:db8:8000::/33"));
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.168.7.1", "2001:db8:ffff::1"}) {
    EXPECT_TRUE(networks.Contains(MustParse(inside))) << inside;
  }
  for (const char* outside : {"11.0.0.0", "9.255.255.255", "192.168.7.2", "2001:db8:7fff::1"}) {
    EXPECT_FALSE(networks.Contains(MustParse(outside))) << outside;
  }
}

TEST(NetworksTest, WholeInternetOfOneFamily) {
  Networks networks;
  ASSERT_TRUE(networks.Add("0.0.0.0/0"));
  EXPECT_TRUE(networks.Contains(MustParse("203.0.113.9")));
  EXPECT_FALSE(networks.Contains(MustParse("2001:db8::1")));
}

TEST(NetworksTest, RefusesWhatIsNoNetwork) {
  Networks networks;
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "x/8", "2001:db8::/129"}) {
    EXPECT_FALSE(networks.Add(text)) << text;
  }
}

}  // namespace
}  // namespace aloha::net
