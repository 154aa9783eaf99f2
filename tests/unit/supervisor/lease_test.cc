// Leases of DHCP as they are reported, and what is taken of them.
#include "supervisor/machine/lease.h"

#include <gtest/gtest.h>

#include <functional>

namespace aloha::supervisor {
namespace {

using admin::v1::ReportLeaseRequest;
using std::chrono::seconds;

constexpr seconds kNow(1000);

ReportLeaseRequest Good() {
  ReportLeaseRequest report;
  report.set_outcome(ReportLeaseRequest::BOUND);
  report.set_interface("eth0");
  auto* lease = report.mutable_lease();
  lease->set_address("10.0.4.233/16");
  lease->set_router("10.0.1.1");
  lease->add_dns_servers("10.0.0.2");
  lease->set_server("10.0.0.1");
  lease->set_seconds(3600);
  return report;
}

TEST(CheckLeaseTest, TakesWhatIsRight) {
  const auto lease = CheckLease(Good(), kNow);
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(lease->interface(), "eth0");
  EXPECT_EQ(lease->address(), "10.0.4.233/16");
  EXPECT_EQ(lease->router(), "10.0.1.1");
  EXPECT_EQ(lease->server(), "10.0.0.1");
  EXPECT_EQ(lease->expires_boot_us(), 4'600'000'000u);
  const admin::v1::Lease told = DescribeLease(*lease, kNow + seconds(600));
  EXPECT_EQ(told.seconds(), 3000u);
  EXPECT_EQ(told.dns_servers(0), "10.0.0.2");
  EXPECT_EQ(DescribeLease(*lease, kNow + seconds(7200)).seconds(), 0u);
}

TEST(CheckLeaseTest, OneForEverDoesNotEnd) {
  ReportLeaseRequest report = Good();
  report.mutable_lease()->set_seconds(UINT32_MAX);
  const auto lease = CheckLease(report, kNow);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->expires_boot_us(), 0u);
  EXPECT_FALSE(IsLastResort(*lease));
}

TEST(CheckLeaseTest, RefusesAddressesThatAreNobodysOwn) {
  for (const char* address :
       {"", "10.0.4.233/0", "10.0.4.233/7", "10.0.4.233", "0.0.0.0/16", "127.0.0.1/8",
        "224.0.0.1/24", "255.255.255.255/24", "2001:db8::1/64", "10.0.4.233/16 ", "x"}) {
    ReportLeaseRequest report = Good();
    report.mutable_lease()->set_address(address);
    EXPECT_FALSE(CheckLease(report, kNow)) << address;
  }
}

TEST(CheckLeaseTest, RefusesServersThatAreNoAddresses) {
  const std::function<void(admin::v1::Lease*)> faults[] = {
      [](auto* lease) { lease->set_router("router"); },
      [](auto* lease) { lease->add_dns_servers("0.0.0.0"); },
      [](auto* lease) { lease->add_dns_servers("dns.example.org"); },
      [](auto* lease) { lease->add_ntp_servers("224.0.1.1"); },
      [](auto* lease) { lease->clear_server(); },
      [](auto* lease) { lease->clear_seconds(); }};
  for (const auto& fault : faults) {
    ReportLeaseRequest report = Good();
    fault(report.mutable_lease());
    EXPECT_FALSE(CheckLease(report, kNow)) << report.ShortDebugString();
  }
}

TEST(CheckLeaseTest, LeavesOutARouterThatCannotBeReached) {
  for (const char* router : {"10.1.0.1", "10.0.4.233"}) {
    ReportLeaseRequest report = Good();
    report.mutable_lease()->set_router(router);
    const auto lease = CheckLease(report, kNow);
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->router(), "") << router;
  }
}

TEST(CheckLeaseTest, TakesEightServersAtMost) {
  ReportLeaseRequest report = Good();
  for (int i = 0; i < 300; ++i) report.mutable_lease()->add_dns_servers("10.0.0.9");
  EXPECT_EQ(CheckLease(report, kNow)->dns_server_size(), 8);
}

TEST(SameLeaseTest, TheTimeAloneIsARenewal) {
  const auto first = CheckLease(Good(), kNow), later = CheckLease(Good(), kNow + seconds(9));
  EXPECT_TRUE(SameLease(*first, *later));
  ReportLeaseRequest other = Good();
  other.mutable_lease()->set_address("10.0.4.234/16");
  EXPECT_FALSE(SameLease(*first, *CheckLease(other, kNow)));
}

TEST(LastResortTest, IsNoLease) {
  EXPECT_EQ(LastResort("eth0").address(), "192.168.0.200/24");
  EXPECT_TRUE(IsLastResort(LastResort("eth0")));
  EXPECT_FALSE(IsLastResort({}));
}

}  // namespace
}  // namespace aloha::supervisor
