#include "wui/metrics_tls.h"

#include <fmt/format.h>

#include <map>
#include <string>

namespace aloha::wui {
namespace {

namespace v1 = admin::v1;
using AllStats = google::protobuf::RepeatedPtrField<v1::TlsStats>;

template <typename Visit>
void ForEach(const AllStats& all, std::string_view label, Visit visit) {
  for (const v1::TlsStats& stats : all) {
    const Label labels[] = {{label, stats.name()}};
    visit(stats, Labels(labels));
  }
}

// `prefix`: "aloha_tls"; `label`: what the names are names of.
void AddHandshakes(const AllStats& all, std::string_view prefix, std::string_view label,
                   Exposition& out) {
  const std::string total = fmt::format("{}_handshakes_total", prefix);
  out.Begin(total, "counter", "TLS handshakes that succeeded.");
  ForEach(all, label, [&](const v1::TlsStats& stats, Labels labels) {
    for (const v1::TlsHandshakes& count : stats.handshakes()) {
      const auto with_version = With(labels, "version", count.version());
      out.Sample(With(with_version, "cipher", count.cipher()), count.total());
    }
  });
  const std::string resumed = fmt::format("{}_handshakes_resumed_total", prefix);
  out.Begin(resumed, "counter", "Of the TLS handshakes that succeeded: sessions resumed.");
  ForEach(all, label, [&](const v1::TlsStats& stats, Labels labels) {
    out.Sample(labels, stats.resumed_total());
  });
  const std::string failures = fmt::format("{}_handshake_failures_total", prefix);
  out.Begin(failures, "counter", "TLS handshakes that failed, by reason.");
  ForEach(all, label, [&](const v1::TlsStats& stats, Labels labels) {
    const std::map<std::string, uint64_t> failed(stats.failed_total().begin(),
                                                 stats.failed_total().end());
    for (const auto& [reason, count] : failed) out.Sample(With(labels, "reason", reason), count);
  });
  const std::string duration = fmt::format("{}_handshake_duration_seconds", prefix);
  out.Begin(duration, "histogram", "TLS handshakes that succeeded, first byte to last.");
  ForEach(all, label, [&](const v1::TlsStats& stats, Labels labels) {
    AddHistogram(stats.duration(), labels, out);
  });
}

void AddCertificates(const v1::StatsSnapshot& stats, Exposition& out) {
  const auto each = [&](auto value) {
    for (const v1::CertificateStats& certificate : stats.certificates()) {
      const Label labels[] = {{"certificate", certificate.name()}};
      out.Sample(labels, value(certificate));
    }
  };
  out.Begin("aloha_certificate_expiry_seconds", "gauge",
            "When the certificate expires, in seconds since 1970-01-01 UTC.");
  each([](const v1::CertificateStats& c) { return c.not_after_s(); });
  out.Begin("aloha_key_signatures_total", "counter",
            "Signatures with the private key of the certificate.");
  each([](const v1::CertificateStats& c) { return c.signatures_total(); });
}

}  // namespace

void AddTlsMetrics(const v1::StatsSnapshot& stats, Exposition& out) {
  AddHandshakes(stats.tls_listeners(), "aloha_tls", "listener", out);
  AddHandshakes(stats.tls_servers(), "aloha_tls_server", "settings", out);
  if (stats.tls_listeners_size() + stats.tls_servers_size() > 0) {
    out.Begin("aloha_tls_handshakes_in_progress", "gauge", "TLS handshakes in progress now.");
    out.Sample({}, stats.tls_in_progress());
  }
  AddCertificates(stats, out);
}

}  // namespace aloha::wui
