#include "cli/lease.h"

#include <charconv>
#include <sstream>

namespace aloha::cli {
namespace {

using ::aloha::admin::v1::ReportLeaseRequest;

// Longer than any address.
constexpr size_t kLongestWord = 45;
constexpr int kMostWords = 8;

std::optional<uint32_t> Number(const std::string& text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Words of printable ASCII.
template <typename Add>
void EachWord(const std::string& text, Add add) {
  std::istringstream words(text);
  std::string word;
  for (int i = 0; i < kMostWords && words >> word; ++i) {
    bool plain = word.size() <= kLongestWord;
    for (const char byte : word) plain = plain && byte > ' ' && byte < 0x7f;
    if (plain) add(word);
  }
}

}  // namespace

tl::expected<std::optional<ReportLeaseRequest>, std::string> LeaseReport(
    const std::string& reason, const Variables& variables) {
  ReportLeaseRequest report;
  EachWord(variables("interface"), [&](const std::string& word) { report.set_interface(word); });
  if (report.interface().empty()) {
    return tl::make_unexpected("no interface is named: this is called by a DHCP client");
  }
  if (reason == "deconfig") return std::nullopt;
  if (reason == "nak") {
    report.set_outcome(ReportLeaseRequest::LOST);
    return report;
  }
  if (reason == "leasefail") {
    report.set_outcome(ReportLeaseRequest::NO_ANSWER);
    return report;
  }
  if (reason != "bound" && reason != "renew") {
    return tl::make_unexpected("deconfig, bound, renew, nak or leasefail");
  }
  report.set_outcome(ReportLeaseRequest::BOUND);
  auto* lease = report.mutable_lease();
  const std::string prefix = variables("mask");
  if (!Number(prefix)) return tl::make_unexpected("the client tells no mask");
  EachWord(variables("ip"), [&](const std::string& word) {
    if (lease->address().empty()) lease->set_address(word + "/" + prefix);
  });
  EachWord(variables("router"), [&](const std::string& word) {
    if (lease->router().empty()) lease->set_router(word);
  });
  EachWord(variables("serverid"), [&](const std::string& word) { lease->set_server(word); });
  EachWord(variables("dns"), [&](const std::string& word) { lease->add_dns_servers(word); });
  EachWord(variables("ntpsrv"), [&](const std::string& word) { lease->add_ntp_servers(word); });
  const auto seconds = Number(variables("lease"));
  if (!seconds) return tl::make_unexpected("the client tells no time of the lease");
  lease->set_seconds(*seconds);
  return report;
}

}  // namespace aloha::cli
