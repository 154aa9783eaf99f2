// What is a good advert, and why the others are none.
#include "workers/vrrp/codec.h"

#include <gtest/gtest.h>

#include "tests/unit/vrrp/packets.h"

namespace aloha::vrrp {
namespace {

using std::chrono::milliseconds;

std::string_view WordOf(const Bytes& bytes, const std::string& source = "10.0.0.2") {
  const auto advert = ParseAdvert(MessageOf(bytes, source));
  return advert ? "good" : DropWord(advert.error());
}

std::string_view OpenWord(const Bytes& datagram) {
  const auto message = OpenIpv4(datagram);
  return message ? "good" : DropWord(message.error());
}

// As tcpdump shows adverts of keepalived 2.2.7: version 2, VRID 51, priority 101, every second,
// 192.168.0.253.
const Bytes kVersion2 = {0x21, 0x33, 0x65, 0x01, 0x00, 0x01, 0xb8, 0xbe, 0xc0, 0xa8,
                         0x00, 0xfd, 0,    0,    0,    0,    0,    0,    0,    0};

TEST(Codec, BuildsWhatTheStandardsDraw) {
  Bytes expected = kVersion2;
  FixChecksum(expected);
  EXPECT_EQ(Build({.version = 2, .priority = 101}), expected);
  // RFC 9568 section 5.1, checksum over the pseudo-header: by hand.
  const Bytes three = Build({.version = 3, .priority = 101, .interval = milliseconds(10)});
  const Bytes drawn = {0x31,     0x33,     0x65, 0x01, 0x00, 0x01,
                       three[6], three[7], 0xc0, 0xa8, 0x00, 0xfd};
  EXPECT_EQ(three, drawn);
  const uint32_t sum = 0x3133 + 0x6501 + 0x0001 + 0xc0a8 + 0x00fd +   // message
                       0x0a00 + 0x0002 + 0xe000 + 0x0012 + 112 + 12;  // pseudo-header
  EXPECT_EQ(three[6] << 8 | three[7], static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16))));
}

TEST(Codec, ReadsWhatItBuilds) {
  for (const Sent& sent : {
           Sent{.version = 2, .priority = 254, .interval = milliseconds(255'000)},
           Sent{.version = 3, .interval = milliseconds(40'950), .addresses = {"10.1.1.1"}},
           Sent{.vrid = 255, .priority = 0, .addresses = {"10.1.1.1", "10.1.1.2", "10.1.1.3"}},
           Sent{.source = "fe80::1", .addresses = {"fe80::99", "2001:db8::1"}},
       }) {
    const Bytes bytes = Build(sent);
    const auto advert = ParseAdvert(MessageOf(bytes, sent.source));
    ASSERT_TRUE(advert) << DropWord(advert.error());
    EXPECT_EQ(advert->version, sent.version);
    EXPECT_EQ(advert->vrid, sent.vrid);
    EXPECT_EQ(advert->priority, sent.priority);
    EXPECT_EQ(advert->interval, sent.interval);
    ASSERT_EQ(advert->addresses.size(), sent.addresses.size());
    for (size_t i = 0; i < sent.addresses.size(); ++i) {
      EXPECT_EQ(advert->addresses[i], Ip(sent.addresses[i]));
    }
  }
}

TEST(Codec, BuildsTwentyAddressesOfIpv6) {
  Sent sent{.source = "fe80::1", .addresses = {}};
  for (int i = 1; i <= 20; ++i) sent.addresses.push_back("2001:db8::" + std::to_string(i));
  EXPECT_EQ(Build(sent).size(), kMaxBuiltAdvert);
  EXPECT_EQ(WordOf(Build(sent), "fe80::1"), "good");
}

TEST(Codec, TakesBothChecksumsOfVersion3OverIpv4) {
  Bytes bytes = Build({});
  EXPECT_EQ(WordOf(bytes), "good");
  FixChecksum(bytes);
  EXPECT_EQ(WordOf(bytes), "good");
  Bytes six = Build({.source = "fe80::1", .addresses = {"fe80::99"}});
  FixChecksum(six);
  EXPECT_EQ(WordOf(six, "fe80::1"), "checksum");
  // Version 2 never has a pseudo-header.
  Bytes two = Build({.version = 2});
  EXPECT_EQ(WordOf(two), "good");
  const Bytes three = Build({});
  two[6] = static_cast<uint8_t>(two[6] + 1);
  EXPECT_EQ(WordOf(two), "checksum");
}

TEST(Codec, SaysWhyAPacketIsNoAdvert) {
  struct Case {
    const char* word;
    size_t at;
    uint8_t value;
    uint8_t version;
  };
  for (const Case& broken : {
           Case{"version", 0, 0x41, 3},
           Case{"version", 0, 0x11, 2},
           Case{"type", 0, 0x32, 3},
           Case{"type", 0, 0x20, 2},
           Case{"vrid", 1, 0, 3},
           Case{"vrid", 1, 0, 2},
           Case{"count", 3, 0, 3},
           Case{"length", 3, 2, 3},
           Case{"length", 3, 255, 2},
           Case{"auth_type", 4, 1, 2},
           Case{"auth_type", 4, 2, 2},
           Case{"interval", 5, 0, 2},
       }) {
    Bytes bytes = Build({.version = broken.version, .interval = milliseconds(1000)});
    bytes[broken.at] = broken.value;
    FixChecksum(bytes);
    EXPECT_EQ(WordOf(bytes), broken.word) << int{broken.value} << " at " << broken.at;
  }
  Bytes silent = Build({.interval = milliseconds(10)});
  silent[5] = 0;
  FixChecksum(silent);
  EXPECT_EQ(WordOf(silent), "interval");
  Bytes two_over_ipv6 = Build({.source = "fe80::1", .addresses = {"fe80::99"}});
  two_over_ipv6[0] = 0x21;
  EXPECT_EQ(WordOf(two_over_ipv6, "fe80::1"), "version");
}

TEST(Codec, EveryByteCounts) {
  for (const Bytes& good : {Build({.version = 2}), Build({})}) {
    for (size_t i = 0; i < good.size(); ++i) {
      Bytes bytes = good;
      bytes[i] ^= 0x10;
      EXPECT_NE(WordOf(bytes), "good") << "byte " << i;
    }
    for (size_t length = 0; length < good.size(); ++length) {
      EXPECT_EQ(WordOf(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(length))),
                "length");
    }
    Bytes longer = good;
    longer.resize(good.size() + 4);
    EXPECT_EQ(WordOf(longer), "length");
  }
}

TEST(Codec, IgnoresTheReservedBitsOfVersion3) {
  Bytes bytes = Build({});
  bytes[4] |= 0xf0;
  FixChecksum(bytes);
  const auto advert = ParseAdvert(MessageOf(bytes));
  ASSERT_TRUE(advert);
  EXPECT_EQ(advert->interval, milliseconds(1000));
}

TEST(Codec, OpensIpv4) {
  const Bytes message = Build({});
  for (const size_t options : {0, 4, 40}) {
    Bytes datagram = Ipv4Datagram(message, "10.0.0.7", 254, options);
    datagram.resize(datagram.size() + 6);  // padding of the link
    const auto opened = OpenIpv4(datagram);
    ASSERT_TRUE(opened);
    EXPECT_EQ(Bytes(opened->bytes.begin(), opened->bytes.end()), message);
    EXPECT_EQ(opened->source, Ip("10.0.0.7"));
    EXPECT_EQ(opened->destination, Ip("224.0.0.18"));
    EXPECT_EQ(opened->hop_limit, 254);
  }
}

TEST(Codec, RefusesWhatIsNoIpv4Datagram) {
  const Bytes good = Ipv4Datagram(Build({}));
  EXPECT_EQ(OpenWord(good), "good");
  EXPECT_EQ(OpenWord({}), "other");
  EXPECT_EQ(OpenWord(Bytes(good.begin(), good.begin() + 19)), "other");
  EXPECT_EQ(OpenWord(Bytes(good.begin(), good.end() - 1)), "length");
  Bytes six = good, header = good, total = good, protocol = good, beyond = good;
  six[0] = 0x65;
  EXPECT_EQ(OpenWord(six), "other");
  header[0] = 0x44;
  EXPECT_EQ(OpenWord(header), "length");
  total[3] = 19;
  EXPECT_EQ(OpenWord(total), "length");
  protocol[9] = 17;
  EXPECT_EQ(OpenWord(protocol), "other");
  beyond[0] = 0x4f;
  EXPECT_EQ(OpenWord(beyond), "length");
}

}  // namespace
}  // namespace aloha::vrrp
