#include "workers/proxy/access_log.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>

namespace aloha::proxy {
namespace {

class AccessLogTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
    record_.client = net::Address::Parse("192.0.2.7", 51234).value();
    record_.accepted_us = 1'765'432'109'655'000;
    record_.service = "imap";
    record_.server = "CAS1";
    record_.queue_ms = 0;
    record_.connect_ms = 3;
    record_.total_ms = 1250;
    record_.bytes_from_client = 99;
    record_.bytes_to_client = 2345;
    record_.process_sessions = 9;
    record_.service_sessions = 5;
    record_.server_sessions = 2;
  }
  SessionRecord record_;
};

TEST_F(AccessLogTest, TextIsHaproxysTcpFormat) {
  EXPECT_EQ(
      FormatAccessLine(record_),
      "192.0.2.7:51234 [11/Dec/2025:05:48:29.655] imap imap/CAS1 0/3/1250 2345 -- 9/5/5/2/0 0/0");
}

TEST_F(AccessLogTest, FailuresAndExtras) {
  record_.server = "";
  record_.queue_ms = record_.connect_ms = -1;
  record_.cause = Cause::kServerTimeout;
  record_.moment = Moment::kQueue;
  record_.retries = 2;
  record_.redispatched = true;
  record_.server_queue = 3;
  record_.service_queue = 4;
  record_.sni = "mail.example.org";
  EXPECT_EQ(FormatAccessLine(record_),
            "192.0.2.7:51234 [11/Dec/2025:05:48:29.655] imap imap/<NOSRV> -1/-1/1250 2345 sQ "
            "9/5/5/2/+2 3/4 sni:mail.example.org");
}

TEST_F(AccessLogTest, TlsMarksTheFrontend) {
  record_.tls_version = "TLSv1.3";
  record_.tls_cipher = "TLS_AES_128_GCM_SHA256";
  const std::string line = FormatAccessLine(record_);
  EXPECT_NE(line.find("] imap~ imap/"), std::string::npos);
  EXPECT_TRUE(line.ends_with(" tls:TLSv1.3/TLS_AES_128_GCM_SHA256"));
}

TEST_F(AccessLogTest, Json) {
  record_.sni = "a\\x22b\"c";
  record_.tls_version = "TLSv1.3";
  record_.tls_cipher = "TLS_AES_128_GCM_SHA256";
  EXPECT_EQ(FormatAccessJson(record_),
            R"({"time":"2025-12-11T05:48:29.655Z","client":"192.0.2.7:51234","service":"imap",)"
            R"("server":"CAS1","queue_ms":0,"connect_ms":3,"total_ms":1250,"bytes_from_client":99,)"
            R"("bytes_to_client":2345,"termination":"--","retries":0,"redispatched":false,)"
            R"("process_sessions":9,"service_sessions":5,"server_sessions":2,"server_queue":0,)"
            R"("service_queue":0,"sni":"a\\x22b\"c","tls_version":"TLSv1.3",)"
            R"("tls_cipher":"TLS_AES_128_GCM_SHA256"})");
}

}  // namespace
}  // namespace aloha::proxy
