#include "cli/set_path.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "config/v1/config.pb.h"

namespace aloha::cli {
namespace {

using config::v1::Config;
using testing::HasSubstr;

Config Parse(const std::string& text) {
  Config config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config));
  return config;
}

// What `path` = `value` makes of `text`, or the error.
std::string Set(const std::string& text, const std::string& path, const std::string& value) {
  Config config = Parse(text);
  auto outcome = SetPath(config, path, value);
  return outcome ? config.ShortDebugString() : outcome.error();
}

std::string Unset(const std::string& text, const std::string& path) {
  Config config = Parse(text);
  auto outcome = UnsetPath(config, path);
  return outcome ? config.ShortDebugString() : outcome.error();
}

constexpr const char* kTwo = "cas_server { name: \"A\" } cas_server { name: \"B\" }";

TEST(SetPath, MakesWhatIsMissingOnTheWay) {
  EXPECT_EQ(Set("", "imap.mode", "SSL_FORWARD"), "imap { mode: SSL_FORWARD }");
  EXPECT_EQ(Set("", "management.web.port", "4445"), "management { web { port: 4445 } }");
}

TEST(SetPath, OverwritesScalars) {
  EXPECT_EQ(Set("imap { mode: CLEAR }", "imap.mode", "ssl_forward"), "imap { mode: SSL_FORWARD }");
  EXPECT_EQ(Set("rpc { enabled: true }", "rpc.enabled", "false"), "rpc { enabled: false }");
  EXPECT_EQ(Set("version_note: \"a\"", "version_note", "it's \"b\""),
            "version_note: \"it\\'s \\\"b\\\"\"");
}

TEST(SetPath, ElementsByNumberByNameAndNew) {
  EXPECT_EQ(Set(kTwo, "cas_server[1].address", "10.0.0.2"),
            "cas_server { name: \"A\" } cas_server { name: \"B\" address: \"10.0.0.2\" }");
  EXPECT_EQ(Set(kTwo, "cas_server[A].weight", "3"),
            "cas_server { name: \"A\" weight: 3 } cas_server { name: \"B\" }");
  EXPECT_EQ(Set("", "cas_server[+].name", "C"), "cas_server { name: \"C\" }");
  EXPECT_EQ(Set("", "cas_server[+]", "name: \"C\" weight: 2"),
            "cas_server { name: \"C\" weight: 2 }");
  EXPECT_EQ(Set("network { dns_server: \"a\" }", "network.dns_server[+]", "b"),
            "network { dns_server: \"a\" dns_server: \"b\" }");
  EXPECT_EQ(Set("network { dns_server: \"a\" }", "network.dns_server[0]", "b"),
            "network { dns_server: \"b\" }");
  EXPECT_EQ(Set("virtual_service { health_check { http { expect_status: [200, 204] } } }",
                "virtual_service[0].health_check.http.expect_status[0]", "301"),
            "virtual_service { health_check { http { expect_status: 301 expect_status: 204 } } }");
}

TEST(SetPath, ErrorsSayWhatWouldBeRight) {
  EXPECT_THAT(Set("", "imap.mod", "CLEAR"),
              HasSubstr("imap.mod: there is no field \"mod\"; possible: mode,"));
  EXPECT_THAT(Set("", "imap.mode", "NOPE"),
              HasSubstr("\"NOPE\" is not possible; possible: DISABLED, CLEAR,"));
  EXPECT_THAT(Set("", "imap.mode", "MODE_UNSPECIFIED"), HasSubstr("is not possible"));
  EXPECT_THAT(Set("", "imap.virtual_port", "many"),
              HasSubstr("imap.virtual_port: \"many\" is not a uint32"));
  EXPECT_THAT(Set("", "imap.virtual_port", "-1"), HasSubstr("is not a uint32"));
  EXPECT_THAT(Set(kTwo, "cas_server.name", "x"), HasSubstr("is a list: write cas_server[0]"));
  EXPECT_THAT(Set(kTwo, "cas_server[2].name", "x"), HasSubstr("the list has 2 elements"));
  EXPECT_THAT(Set(kTwo, "cas_server[Z].name", "x"), HasSubstr("no cas_server is named \"Z\""));
  EXPECT_THAT(Set("", "imap[0].mode", "CLEAR"), HasSubstr("\"imap\" is not a list"));
  EXPECT_THAT(Set("", "imap.mode.x", "1"), HasSubstr("\"mode\" is a single value"));
  EXPECT_THAT(Set("", "imap", "mod: CLEAR"), HasSubstr("is not the text of a MailArea"));
  EXPECT_THAT(Set("", "cas_server[0", "x"), HasSubstr("without"));
  EXPECT_THAT(Set("", "cas_server[0]x", "x"), HasSubstr("\".\" is missing"));
  EXPECT_THAT(Set("", "", "x"), HasSubstr("a field name is missing"));
  EXPECT_THAT(Set("", "imap.", "x"), HasSubstr("a field name is missing"));
}

TEST(UnsetPath, RemovesFieldsListsAndElements) {
  EXPECT_EQ(Unset("imap { mode: CLEAR }", "imap.mode"), "imap { }");
  EXPECT_EQ(Unset("imap { mode: CLEAR }", "imap"), "");
  EXPECT_EQ(Unset(kTwo, "cas_server[A]"), "cas_server { name: \"B\" }");
  EXPECT_EQ(Unset(kTwo, "cas_server[1]"), "cas_server { name: \"A\" }");
  EXPECT_EQ(Unset(kTwo, "cas_server"), "");
}

TEST(UnsetPath, NothingToRemoveIsAnError) {
  EXPECT_THAT(Unset("", "imap"), HasSubstr("\"imap\" is not set"));
  EXPECT_THAT(Unset("", "imap.mode"), HasSubstr("\"imap\" is not set"));
  EXPECT_THAT(Unset(kTwo, "cas_server[+]"), HasSubstr("nothing to remove"));
}

}  // namespace
}  // namespace aloha::cli
