#include "supervisor/admin/tls_stats.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "supervisor/call.h"
#include "supervisor/call_worker.h"
#include "supervisor/configurator.h"
#include "supervisor/fleet.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace w = worker::v1;
namespace {

void Convert(const std::string& name, const w::HandshakeStats& in, v1::TlsStats* out) {
  out->set_name(name);
  for (const w::HandshakeCount& count : in.by_version_and_cipher()) {
    v1::TlsHandshakes* to = out->add_handshakes();
    to->set_version(count.version());
    to->set_cipher(count.cipher());
    to->set_total(count.total());
  }
  out->set_resumed_total(in.resumed_total());
  *out->mutable_failed_total() = in.failed_total();
  if (in.has_duration()) *out->mutable_duration() = ConvertHistogram(in.duration());
}

// The first value of a bucket, as roles.proto numbers them, and so the first beyond the one before.
// The last one there can be holds the largest 64-bit value.
uint64_t FirstOf(uint32_t bucket) {
  constexpr uint32_t kBuckets = 16 * 61;
  if (bucket < 16) return bucket;
  if (bucket >= kBuckets) return UINT64_MAX;
  return uint64_t{16 + bucket % 16} << (bucket / 16 - 1);
}

}  // namespace

v1::Histogram ConvertHistogram(const w::Histogram& in) {
  v1::Histogram out;
  const std::map<uint32_t, uint64_t> buckets(in.buckets().begin(), in.buckets().end());
  for (const auto& [bucket, count] : buckets) {
    v1::HistogramBucket* to = out.add_buckets();
    to->set_from_us(FirstOf(bucket));
    to->set_below_us(FirstOf(bucket + 1));
    to->set_count(count);
  }
  out.set_sum_us(in.sum_us());
  out.set_count(in.count());
  return out;
}

asio::awaitable<void> AddTlsStats(AdminContext& context, v1::StatsSnapshot* stats) {
  const auto counted = co_await CallWorker<w::Tls>(context.fleet, &w::Tls::Stub::async::GetTlsStats,
                                                   w::GetTlsStatsRequest());
  if (counted) {
    for (const auto& listener : counted->listeners()) {
      Convert(listener.listener(), listener.handshakes(), stats->add_tls_listeners());
    }
    for (const auto& server : counted->servers()) {
      Convert(server.name(), server.handshakes(), stats->add_tls_servers());
    }
    stats->set_tls_in_progress(counted->in_progress());
  }
  if (context.configuration.compiled().tls.certificates().empty()) co_return;
  const w::ListKeysRequest request;
  const auto keys =
      co_await CallWorker<w::Keys>(context.fleet, &w::Keys::Stub::async::ListKeys, request);
  // After the call: the configuration may have changed meanwhile.
  const auto& used = context.configuration.compiled().tls.certificates();
  std::map<std::string, uint64_t> signatures;
  if (keys) {
    for (const auto& report : keys->keys()) signatures[report.key()] = report.signatures_total();
  }
  for (const auto& stored : context.configuration.certificates().certificate()) {
    if (std::none_of(used.begin(), used.end(), [&](const auto& certificate) {
          return certificate.name() == stored.name();
        })) {
      continue;
    }
    v1::CertificateStats* to = stats->add_certificates();
    to->set_name(stored.name());
    to->set_not_after_s(stored.details().not_after_s());
    to->set_signatures_total(signatures[stored.key()]);
  }
}

asio::awaitable<Result<>> ResetTlsStats(AdminContext& context) {
  if (!context.fleet.Find("tls")) co_return Result<>();
  const auto reset = co_await CallWorker<w::Tls>(context.fleet, &w::Tls::Stub::async::ResetTlsStats,
                                                 w::ResetTlsStatsRequest());
  if (!reset) co_return tl::make_unexpected(reset.error());
  co_return Result<>();
}

}  // namespace aloha::supervisor
