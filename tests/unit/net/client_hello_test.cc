#include "workers/net/client_hello.h"

#include <gtest/gtest.h>

#include <string>

namespace aloha::net {
namespace {

using Kind = ServerName::Kind;

std::string Vector(size_t length_bytes, const std::string& body) {
  std::string out;
  for (size_t i = length_bytes; i-- > 0;) out += static_cast<char>(body.size() >> (8 * i));
  return out + body;
}

std::string Extension(uint16_t type, const std::string& body) {
  return std::string{static_cast<char>(type >> 8), static_cast<char>(type)} + Vector(2, body);
}

std::string NameExtension(const std::string& name) {
  return Extension(0, Vector(2, '\0' + Vector(2, name)));
}

std::string Hello(const std::string& extensions) {
  const std::string body = "\x03\x03" + std::string(32, 'r') + Vector(1, "session") +
                           Vector(2, "\x13\x01") + Vector(1, std::string(1, '\0')) +
                           Vector(2, extensions);
  return std::string("\x16\x03\x01") + Vector(2, '\x01' + Vector(3, body));
}

TEST(ClientHelloTest, FindsTheName) {
  const std::string hello =
      Hello(Extension(43, "\x02\x03\x04") + NameExtension("mail.example.org") + Extension(5, "")) +
      "more data";
  const ServerName found = ReadServerName(hello);
  EXPECT_EQ(found.kind, Kind::kFound);
  EXPECT_EQ(found.name, "mail.example.org");
}

TEST(ClientHelloTest, EveryPrefixIsIncompleteOrFound) {
  const std::string hello = Hello(NameExtension("mail.example.org") + Extension(5, "xyz"));
  for (size_t length = 0; length < hello.size(); ++length) {
    const ServerName found = ReadServerName(std::string_view(hello).substr(0, length));
    EXPECT_NE(found.kind, Kind::kAbsent) << length;
  }
}

TEST(ClientHelloTest, NoName) {
  EXPECT_EQ(ReadServerName(Hello(Extension(43, "x"))).kind, Kind::kAbsent);
  EXPECT_EQ(ReadServerName(Hello(NameExtension(""))).kind, Kind::kAbsent);
  EXPECT_EQ(ReadServerName(Hello(NameExtension(std::string(256, 'x')))).kind, Kind::kAbsent);
}

TEST(ClientHelloTest, OtherProtocols) {
  EXPECT_EQ(ReadServerName("EHLO client\r\n").kind, Kind::kAbsent);
  EXPECT_EQ(ReadServerName("\x16\x02").kind, Kind::kAbsent);
  EXPECT_EQ(ReadServerName(std::string("\x16\x03\x01\x00\x02", 5)).kind, Kind::kAbsent);
}

TEST(ClientHelloTest, LengthsThatLie) {
  std::string hello = Hello(NameExtension("mail.example.org"));
  for (size_t at = 0; at < hello.size(); ++at) {
    for (const char byte : {'\x00', '\x7f', '\xff'}) {
      std::string broken = hello;
      broken[at] = byte;
      const ServerName found = ReadServerName(broken);
      if (found.kind != Kind::kFound) continue;
      EXPECT_GE(found.name.data(), broken.data());
      EXPECT_LE(found.name.data() + found.name.size(), broken.data() + broken.size());
    }
  }
}

}  // namespace
}  // namespace aloha::net
