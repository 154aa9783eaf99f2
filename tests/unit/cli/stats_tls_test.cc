#include "cli/stats_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::cli {
namespace {

using testing::ContainsRegex;

TEST(TlsTableTest, ShowsVersionsAndFailures) {
  admin::StatsSnapshot before, now;
  EXPECT_TRUE(TlsTable(now, nullptr).empty());
  for (admin::StatsSnapshot* snapshot : {&before, &now}) {
    admin::TlsStats& https = *snapshot->add_tls_listeners();
    https.set_name("10.0.0.17:443");
    for (const char* version : {"TLSv1.3", "TLSv1.2"}) {
      admin::TlsHandshakes& agreed = *https.add_handshakes();
      agreed.set_version(version);
      agreed.set_cipher("TLS_AES_128_GCM_SHA256");
      agreed.set_total(snapshot == &now ? 30 : 10);
    }
    https.set_resumed_total(7);
    (*https.mutable_failed_total())["no_shared_version"] = 4;
  }
  now.add_tls_servers()->set_name("http");
  now.set_time_us(2'000'000);
  const std::string text = TlsTable(now, &before).Render(false);
  EXPECT_THAT(text, ContainsRegex("clients +10.0.0.17:443 +all +- +60 +20.0/s +7 +- +-\n"));
  EXPECT_THAT(text, ContainsRegex("clients +10.0.0.17:443 +TLSv1.2 +TLS_AES_128_GCM_SHA256 +30 "));
  EXPECT_THAT(text, ContainsRegex("clients +10.0.0.17:443 +failed +no_shared_version +4 "));
  EXPECT_THAT(text, ContainsRegex("servers +http +all +- +0 +- +0 +- +-\n"));
}

}  // namespace
}  // namespace aloha::cli
