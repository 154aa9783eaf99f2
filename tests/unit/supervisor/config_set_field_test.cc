#include <gtest/gtest.h>

#include "supervisor/config/print.h"
#include "supervisor/config/set_field.h"

namespace aloha::supervisor {
namespace {

class SetFieldTest : public testing::Test {
 protected:
  std::string Set(std::string_view path, std::string_view value) {
    const auto set = SetField(config_, path, value);
    return set ? "" : set.error().message;
  }
  config::v1::Config config_;
};

TEST_F(SetFieldTest, SetsScalarsAndMakesMessages) {
  EXPECT_EQ(Set("imap.mode", "CLEAR"), "");
  EXPECT_EQ(Set("imap.virtual_port", "1143"), "");
  EXPECT_EQ(Set("http.hsts", "true"), "");
  EXPECT_EQ(Set("version_note", "two words"), "");
  EXPECT_EQ(config_.imap().mode(), config::v1::Mail::CLEAR);
  EXPECT_EQ(config_.imap().virtual_port(), 1143u);
  EXPECT_TRUE(config_.http().hsts());
  EXPECT_EQ(config_.version_note(), "two words");
}

TEST_F(SetFieldTest, ReachesIntoLists) {
  EXPECT_EQ(Set("cas_server[0].name", "CAS1"), "");
  EXPECT_EQ(Set("cas_server[0].address", "10.0.0.1"), "");
  EXPECT_EQ(Set("cas_server[1]", "name: \"CAS2\" address: \"10.0.0.2\""), "");
  ASSERT_EQ(config_.cas_server_size(), 2);
  EXPECT_EQ(config_.cas_server(0).address(), "10.0.0.1");
  EXPECT_EQ(config_.cas_server(1).name(), "CAS2");
  EXPECT_EQ(Set("http.certificate", "a,b"), "");
  EXPECT_EQ(Set("http.certificate[1]", "c"), "");
  EXPECT_EQ(Set("http.certificate[2]", "d"), "");
  ASSERT_EQ(config_.http().certificate_size(), 3);
  EXPECT_EQ(config_.http().certificate(1), "c");
}

TEST_F(SetFieldTest, ChangesOneFieldOfAnElement) {
  EXPECT_EQ(Set("cas_server[0]", "name: \"CAS1\" address: \"10.0.0.1\""), "");
  EXPECT_EQ(Set("cas_server[0].weight", "3"), "");
  EXPECT_EQ(config_.cas_server(0).name(), "CAS1");
  EXPECT_EQ(config_.cas_server(0).weight(), 3u);
}

TEST_F(SetFieldTest, AnEmptyValueClears) {
  Set("imap.virtual_port", "1143");
  EXPECT_EQ(Set("imap.virtual_port", ""), "");
  EXPECT_FALSE(config_.imap().has_virtual_port());
  Set("http.certificate", "a,b,c");
  EXPECT_EQ(Set("http.certificate[0]", ""), "");
  EXPECT_EQ(config_.http().certificate(0), "b");
  EXPECT_EQ(config_.http().certificate_size(), 2);
  EXPECT_EQ(Set("http", ""), "");
  EXPECT_FALSE(config_.has_http());
}

TEST_F(SetFieldTest, SaysWhatAFieldTakesAndChangesNothing) {
  const std::string before = PrintText(config_);
  EXPECT_EQ(Set("imap.mod", "CLEAR"), "imap.mod: there is no field \"mod\"");
  EXPECT_EQ(
      Set("http.mode", "OFFLOAD"),
      "http.mode: \"OFFLOAD\" is not a value of it; use DISABLED, SSL_OFFLOAD, SSL_FORWARD or "
      "SSL_BRIDGE");
  EXPECT_EQ(Set("imap.virtual_port", "abc"),
            "imap.virtual_port: \"abc\" is not a number; write digits only");
  EXPECT_EQ(Set("http.hsts", "yes"), "http.hsts: \"yes\" is neither true nor false");
  EXPECT_EQ(Set("cas_server[3].name", "x"),
            "cas_server[3].name: cas_server has 0 elements; [0] appends one");
  EXPECT_EQ(Set("cas_server.name", "x"),
            "cas_server.name: cas_server is a list; write cas_server[0]");
  EXPECT_EQ(Set("imap[0].mode", "CLEAR"), "imap[0].mode: imap is not a list; leave out [0]");
  EXPECT_EQ(Set("imap.mode.x", "1"), "imap.mode.x: mode has no fields of its own");
  EXPECT_EQ(Set("cas_server", "x"), "cas_server: is a list; set one element, as in cas_server[0]");
  EXPECT_EQ(Set("version_note", "\xff"), "version_note: the value is not UTF-8");
  EXPECT_NE(Set("cas_server[0]", "nam: 1"), "");
  EXPECT_NE(Set("..", "x"), "");
  EXPECT_EQ(PrintText(config_), before);
}

}  // namespace
}  // namespace aloha::supervisor
