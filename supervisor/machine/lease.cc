#include "supervisor/machine/lease.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::NetworkLease;

constexpr uint32_t kForEver = UINT32_MAX;
constexpr int kMostServers = 8;
constexpr int kShortestPrefix = 8, kLongestPrefix = 31;

// 0.0.0.0/8, loopback, multicast and what is reserved are nobody's own.
bool MayBeOurs(const Address& address) {
  const uint8_t first = address.bytes[0];
  return !address.v6 && first != 0 && first != 127 && first < 224;
}

tl::unexpected<Error> Bad(const char* field, const std::string& text, const char* what) {
  return Fail(Code::kInvalidArgument, fmt::format("{} is not {}", Quote(text), what), field);
}

template <typename List>
Result<> TakeServers(const char* field, const List& servers, List* out_servers) {
  for (const std::string& text : servers) {
    const auto address = ParseAddress(text);
    if (!address || address->IsWildcard() || address->IsMulticast()) {
      return Bad(field, text, "the address of a server");
    }
    if (out_servers->size() < kMostServers) *out_servers->Add() = FormatAddress(*address);
  }
  return {};
}

}  // namespace

Result<NetworkLease> CheckLease(const admin::v1::ReportLeaseRequest& report,
                                std::chrono::microseconds now) {
  const admin::v1::Lease& given = report.lease();
  const auto network = ParseNetwork(given.address());
  if (!network || !MayBeOurs(network->address) || network->prefix < kShortestPrefix ||
      network->prefix > kLongestPrefix) {
    return Bad("lease.address", given.address(), "an address with its network, as 10.0.4.233/16");
  }
  NetworkLease lease;
  lease.set_interface(report.interface());
  lease.set_address(fmt::format("{}/{}", FormatAddress(network->address), network->prefix));
  if (!given.router().empty()) {
    const auto router = ParseAddress(given.router());
    if (!router) return Bad("lease.router", given.router(), "the address of a router");
    if (network->Contains(*router) && *router != network->address) {
      lease.set_router(FormatAddress(*router));
    }
  }
  const auto dns =
      TakeServers("lease.dns_servers", given.dns_servers(), lease.mutable_dns_server());
  if (!dns) return tl::make_unexpected(dns.error());
  const auto ntp =
      TakeServers("lease.ntp_servers", given.ntp_servers(), lease.mutable_ntp_server());
  if (!ntp) return tl::make_unexpected(ntp.error());
  const auto server = ParseAddress(given.server());
  if (!server) return Bad("lease.server", given.server(), "the address of who gave it");
  lease.set_server(FormatAddress(*server));
  if (given.seconds() == 0) return Bad("lease.seconds", "0", "a time");
  if (given.seconds() != kForEver) {
    const std::chrono::microseconds end = now + std::chrono::seconds(given.seconds());
    lease.set_expires_boot_us(static_cast<uint64_t>(end.count()));
  }
  return lease;
}

NetworkLease LastResort(const std::string& interface) {
  NetworkLease lease;
  lease.set_interface(interface);
  lease.set_address("192.168.0.200/24");
  return lease;
}

bool IsLastResort(const NetworkLease& lease) {
  return !lease.address().empty() && lease.server().empty();
}

bool SameLease(NetworkLease a, NetworkLease b) {
  a.clear_expires_boot_us();
  b.clear_expires_boot_us();
  return a.SerializeAsString() == b.SerializeAsString();
}

admin::v1::Lease DescribeLease(const NetworkLease& lease, std::chrono::microseconds now) {
  admin::v1::Lease out;
  out.set_address(lease.address());
  out.set_router(lease.router());
  *out.mutable_dns_servers() = lease.dns_server();
  *out.mutable_ntp_servers() = lease.ntp_server();
  out.set_server(lease.server());
  out.set_seconds(kForEver);
  if (lease.expires_boot_us() != 0) {
    const std::chrono::microseconds left(static_cast<int64_t>(lease.expires_boot_us()) -
                                         now.count());
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
    out.set_seconds(static_cast<uint32_t>(std::clamp<int64_t>(seconds, 0, kForEver - 1)));
  }
  return out;
}

}  // namespace aloha::supervisor
