#include "workers/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace aloha::net {
namespace {

using Kind = ProxyHeader::Kind;

Address At(const char* ip, uint32_t port) { return Address::Parse(ip, port).value(); }

std::string Build(size_t (*build)(const Address&, const Address&, char (&)[kMaxBuiltProxyHeader]),
                  const Address& source, const Address& destination) {
  char out[kMaxBuiltProxyHeader];
  return {out, build(source, destination, out)};
}

std::string V2(char command, char family, const std::string& body) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += {command, family, static_cast<char>(body.size() >> 8), static_cast<char>(body.size())};
  return header + body;
}

TEST(ProxyProtocolTest, WhatIsBuiltIsParsed) {
  const std::pair<Address, Address> pairs[] = {
      {At("192.0.2.1", 56324), At("203.0.113.1", 443)},
      {At("2001:db8::1", 1), At("2001:db8::2", 65535)},
      {At("192.0.2.1", 80), At("2001:db8::2", 81)},
      {At("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
       At("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 65535)},
  };
  for (const auto& [source, destination] : pairs) {
    for (const auto build : {BuildProxyHeaderV1, BuildProxyHeaderV2}) {
      const std::string bytes = Build(build, source, destination);
      const ProxyHeader header = ParseProxyHeader(bytes + "EHLO x\r\n");
      EXPECT_EQ(header.kind, Kind::kAddresses) << bytes;
      EXPECT_EQ(header.length, bytes.size());
      EXPECT_EQ(header.source, source);
      EXPECT_EQ(header.destination, destination);
      for (size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_EQ(ParseProxyHeader(bytes.substr(0, length)).kind, Kind::kIncomplete) << length;
      }
    }
  }
}

TEST(ProxyProtocolTest, V1Text) {
  EXPECT_EQ(Build(BuildProxyHeaderV1, At("192.0.2.1", 56324), At("203.0.113.1", 443)),
            "PROXY TCP4 192.0.2.1 203.0.113.1 56324 443\r\n");
}

TEST(ProxyProtocolTest, HeadersWithoutAClient) {
  const std::string unknown = "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n";
  EXPECT_EQ(ParseProxyHeader(unknown + "x").kind, Kind::kLocal);
  EXPECT_EQ(ParseProxyHeader(unknown + "x").length, unknown.size());
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN\r\n").kind, Kind::kLocal);
  EXPECT_EQ(ParseProxyHeader(V2('\x20', '\x00', "")).kind, Kind::kLocal);
  EXPECT_EQ(ParseProxyHeader(V2('\x20', '\x11', std::string(12, 'x'))).kind, Kind::kLocal);
  EXPECT_EQ(ParseProxyHeader(V2('\x21', '\x00', "tlv")).kind, Kind::kLocal);
}

TEST(ProxyProtocolTest, V2SkipsTlvs) {
  const std::string body("\x0a\x00\x00\x01\x0a\x00\x00\x02\x01\x00\x00\x19\x04\x00\x01\x00", 16);
  const ProxyHeader header = ParseProxyHeader(V2('\x21', '\x11', body));
  EXPECT_EQ(header.kind, Kind::kAddresses);
  EXPECT_EQ(header.length, 32u);
  EXPECT_EQ(header.source, At("10.0.0.1", 256));
  EXPECT_EQ(header.destination, At("10.0.0.2", 25));
}

TEST(ProxyProtocolTest, RefusesV1) {
  for (const char* text : {
           "EHLO client\r\n",
           "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n",
           "PROXY TCP4 1.2.3.4 5.6.7.8  1 2\r\n",
           "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
           "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
           "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
           "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
           "PROXY TCP4 ::1 ::2 1 2\r\n",
           "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
           "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
           "PROXY \r\n",
           "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
       }) {
    EXPECT_EQ(ParseProxyHeader(text).kind, Kind::kInvalid) << text;
  }
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN " + std::string(92, 'x')).kind, Kind::kIncomplete);
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN " + std::string(93, 'x')).kind, Kind::kInvalid);
}

TEST(ProxyProtocolTest, RefusesV2) {
  const std::string body(36, '\x01');
  EXPECT_EQ(ParseProxyHeader(V2('\x11', '\x11', body)).kind, Kind::kInvalid);  // version 1
  EXPECT_EQ(ParseProxyHeader(V2('\x22', '\x11', body)).kind, Kind::kInvalid);  // command 2
  EXPECT_EQ(ParseProxyHeader(V2('\x21', '\x12', body)).kind, Kind::kInvalid);  // UDP
  EXPECT_EQ(ParseProxyHeader(V2('\x21', '\x31', body)).kind, Kind::kInvalid);  // AF_UNIX
  EXPECT_EQ(ParseProxyHeader(V2('\x21', '\x11', "short")).kind, Kind::kInvalid);
  EXPECT_EQ(ParseProxyHeader(V2('\x21', '\x21', std::string(35, 'x'))).kind, Kind::kInvalid);
  EXPECT_EQ(ParseProxyHeader(V2('\x21', '\x11', std::string(5000, 'x'))).kind, Kind::kInvalid);
}

}  // namespace
}  // namespace aloha::net
