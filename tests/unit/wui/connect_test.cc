#include "wui/server/connect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "admin/v1/admin.pb.h"
#include "admin/v1/traffic.pb.h"
#include "wui/server/methods.h"

namespace aloha::wui {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(ConnectTest, EnvelopesOpenAgain) {
  EXPECT_EQ(Envelope(2, "{}"), std::string("\x02\0\0\0\x02{}", 7));
  EXPECT_EQ(*OpenEnvelope(Envelope(0, "{\"a\":1}")), "{\"a\":1}");
  EXPECT_EQ(*OpenEnvelope(Envelope(0, "")), "");
  for (const std::string& wrong :
       {std::string(), std::string(4, '\0'), Envelope(1, "{}"), Envelope(2, "{}"),
        Envelope(0, "{}") + Envelope(0, "{}"), std::string("\0\xff\xff\xff\xff{}", 7)}) {
    EXPECT_FALSE(OpenEnvelope(wrong)) << wrong.size();
  }
}

TEST(ConnectTest, ErrorsTellCodeAndDetails) {
  admin::v1::ErrorDetail detail;
  detail.set_reason("INVALID_CONFIG");
  const grpc::Status status(grpc::StatusCode::INVALID_ARGUMENT, "say \"why\"\n\xff",
                            detail.SerializeAsString());
  EXPECT_EQ(ErrorJson(status),
            R"({"code":"invalid_argument","message":"say \"why\"\u000a)"
            "\xef\xbf\xbd"
            R"(","details":[{"type":"aloha.admin.v1.ErrorDetail","value":"Cg5JTlZBTElEX0NPTkZJRw",)"
            R"("debug":{"reason":"INVALID_CONFIG"}}]})");
  EXPECT_EQ(EndOfStreamJson(grpc::Status::OK), "{}");
  EXPECT_EQ(EndOfStreamJson({grpc::StatusCode::UNAUTHENTICATED, "no"}),
            R"({"error":{"code":"unauthenticated","message":"no"}})");
  EXPECT_EQ(HttpStatus(grpc::StatusCode::UNAVAILABLE), 503);
  EXPECT_EQ(HttpStatus(static_cast<grpc::StatusCode>(99)), 500);
}

TEST(ConnectTest, TimeoutsAreDigits) {
  EXPECT_EQ(ParseTimeout("1500"), 1500ms);
  EXPECT_EQ(ParseTimeout("0"), 0ms);
  for (const char* wrong : {"", "-1", "1s", " 1", "12345678901"}) EXPECT_FALSE(ParseTimeout(wrong));
}

TEST(ConnectTest, TextBecomesUtf8) {
  EXPECT_EQ(JsonString("<é\xe2\x82\xac\xf0\x9f\x90\x9b>"), "\"<é\xe2\x82\xac\xf0\x9f\x90\x9b>\"");
  // Overlong, surrogate, beyond Unicode, cut off.
  for (const char* wrong : {"\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    EXPECT_THAT(JsonString(wrong), HasSubstr("\xef\xbf\xbd")) << wrong;
}

// "StopService" of "  rpc StopService(…"; empty: the line begins otherwise.
std::string NameAfter(std::string_view line, std::string_view beginning) {
  if (!line.starts_with(beginning)) return {};
  line.remove_prefix(beginning.size());
  return std::string(line.substr(0, line.find_first_of(" (")));
}

// No service of the API is forgotten when one is added.
TEST(MethodsTest, AreThoseOfEveryProto) {
  const Methods methods;
  size_t found = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(ALOHA_SOURCE_DIR) + "/proto/admin/v1")) {
    std::ifstream file(entry.path());
    std::string service;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("service ")) service = NameAfter(line, "service ");
      const std::string method = NameAfter(line, "  rpc ");
      if (method.empty()) continue;
      ++found;
      const std::string path = "/aloha.admin.v1." + service + "/" + method;
      EXPECT_NE(methods.Find(path), nullptr) << path;
    }
  }
  EXPECT_EQ(found, methods.all().size());
  EXPECT_GT(found, 50u);
  EXPECT_TRUE(methods.Find("/aloha.admin.v1.Events/WatchAll")->server_streaming());
  EXPECT_EQ(methods.Find("/aloha.worker.v1.Worker/GetInfo"), nullptr);
  EXPECT_EQ(methods.Find("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
            nullptr);
}

TEST(MethodsTest, MessagesPassBothWays) {
  const auto& message = *admin::v1::ListWorkersRequest::descriptor();
  const auto bytes = FromJson(message, R"({"pageSize":7,"page_token":"x"})");
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(*ToJson(message, *bytes), R"({"pageSize":7,"pageToken":"x"})");
  EXPECT_EQ(*FromJson(message, ""), "");
  EXPECT_FALSE(ToJson(message, "\xff"));
  for (const std::string& wrong :
       {std::string("{"), std::string("[]"), std::string(R"({"pageSize":"many"})"),
        std::string(R"({"nothing":1})"), std::string(R"({"pageToken":")") + "\xff\"}",
        std::string(10'000, '[')}) {
    const auto refused = FromJson(message, wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message, "");
  }
}

TEST(MethodsTest, LargeNumbersAreStrings) {
  admin::v1::VirtualServiceStats stats;
  stats.mutable_http()->set_requests_total(1ULL << 60);
  EXPECT_THAT(*ToJson(*stats.GetDescriptor(), stats.SerializeAsString()),
              HasSubstr(R"("requestsTotal":"1152921504606846976")"));
}

}  // namespace
}  // namespace aloha::wui
