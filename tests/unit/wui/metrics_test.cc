#include "wui/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::wui {
namespace {

namespace v1 = admin::v1;
using testing::HasSubstr;
using testing::Not;

// One service with one server, both of HTTP.
v1::StatsSnapshot HttpService() {
  v1::StatsSnapshot stats;
  v1::VirtualServiceStats& service = *stats.add_virtual_services();
  service.set_name("owa");
  service.mutable_http()->set_requests_total(7);
  for (const int count : {0, 5, 0, 1, 1}) service.mutable_http()->add_responses_total(count);
  v1::ServerStats& server = *service.add_servers();
  server.set_name("CAS1");
  server.set_check_state(v1::Server::DOWN);
  server.set_admin_state(v1::Server::READY);
  return stats;
}

void AddBucket(v1::Histogram& times, uint64_t from, uint64_t below, uint64_t count) {
  v1::HistogramBucket* bucket = times.add_buckets();
  bucket->set_from_us(from);
  bucket->set_below_us(below);
  bucket->set_count(count);
  times.set_count(times.count() + count);
}

TEST(MetricsTest, NothingKnownIsNothingSaid) { EXPECT_EQ(RenderMetrics({}), ""); }

TEST(MetricsTest, HelpAndTypeStandOnceBeforeTheSamples) {
  v1::SystemInfo info;
  info.set_version("1.2.3");
  EXPECT_THAT(RenderMetrics({.info = &info}),
              HasSubstr("# HELP aloha_build_info 1, with the version of the supervisor.\n"
                        "# TYPE aloha_build_info gauge\n"
                        "aloha_build_info{version=\"1.2.3\"} 1\n"));
}

TEST(MetricsTest, LicensingIsOneOfItsStates) {
  v1::SystemInfo info;
  info.set_licensing(v1::SystemInfo::NO_VALID_LICENSE);
  EXPECT_THAT(RenderMetrics({.info = &info}),
              HasSubstr("aloha_license_state{state=\"EVALUATION\"} 0\n"
                        "aloha_license_state{state=\"LICENSED\"} 0\n"
                        "aloha_license_state{state=\"NO_VALID_LICENSE\"} 1\n"));
}

TEST(MetricsTest, LabelsAreEscaped) {
  v1::StatsSnapshot stats;
  stats.add_virtual_services()->set_name("a\\b\"c\nd");
  EXPECT_THAT(
      RenderMetrics({.stats = &stats}),
      HasSubstr("aloha_virtual_service_current_sessions{virtual_service=\"a\\\\b\\\"c\\nd\"} 0\n"));
}

TEST(MetricsTest, StatesAreOneOfAll) {
  const v1::StatsSnapshot stats = HttpService();
  const std::string text = RenderMetrics({.stats = &stats});
  const std::string server = "virtual_service=\"owa\",server=\"CAS1\"";
  EXPECT_THAT(text, HasSubstr("aloha_server_up{" + server + "} 0\n"));
  EXPECT_THAT(text, HasSubstr("aloha_server_check_state{" + server + ",state=\"UP\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("aloha_server_check_state{" + server + ",state=\"DOWN\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("aloha_server_admin_state{" + server + ",state=\"READY\"} 1\n"));
}

TEST(MetricsTest, HttpIsOfHttpServicesAlone) {
  v1::StatsSnapshot stats = HttpService();
  EXPECT_THAT(
      RenderMetrics({.stats = &stats}),
      HasSubstr(
          "aloha_virtual_service_http_responses_total{virtual_service=\"owa\",code=\"2xx\"} 5\n"));
  stats.mutable_virtual_services(0)->clear_http();
  EXPECT_THAT(RenderMetrics({.stats = &stats}), Not(HasSubstr("http")));
}

TEST(MetricsTest, HistogramIsCumulative) {
  v1::StatsSnapshot stats = HttpService();
  v1::Histogram& times =
      *stats.mutable_virtual_services(0)->mutable_http()->mutable_response_time();
  AddBucket(times, 15, 16, 2);
  AddBucket(times, 992, 1'024, 3);  // cut by 1 ms: counts above it
  AddBucket(times, 58'720'256, 62'914'560, 1);
  times.set_sum_us(1'500'000);
  const std::string text = RenderMetrics({.stats = &stats});
  const std::string name = "aloha_virtual_service_http_response_time_seconds";
  const std::string service = "virtual_service=\"owa\"";
  EXPECT_THAT(text, HasSubstr("# TYPE " + name + " histogram\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + service + ",le=\"0.001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + service + ",le=\"0.0025\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + service + ",le=\"60\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + service + ",le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum{" + service + "} 1.5\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{" + service + "} 6\n"));
}

TEST(MetricsTest, TlsIsToldByListenerSettingsAndCertificate) {
  v1::StatsSnapshot stats;
  v1::TlsStats* listener = stats.add_tls_listeners();
  listener->set_name("0.0.0.0:443");
  v1::TlsHandshakes* handshakes = listener->add_handshakes();
  handshakes->set_version("TLSv1.3");
  handshakes->set_cipher("TLS_AES_128_GCM_SHA256");
  handshakes->set_total(7);
  listener->set_resumed_total(3);
  (*listener->mutable_failed_total())["timeout"] = 2;
  listener->mutable_duration()->set_count(7);
  stats.add_tls_servers()->set_name("http");
  stats.set_tls_in_progress(4);
  v1::CertificateStats* certificate = stats.add_certificates();
  certificate->set_name("mail");
  certificate->set_not_after_s(1'800'000'000);
  certificate->set_signatures_total(4);
  MetricsInput input;
  input.stats = &stats;
  const std::string text = RenderMetrics(input);
  for (const char* line :
       {"aloha_tls_handshakes_total{listener=\"0.0.0.0:443\",version=\"TLSv1.3\",cipher=\"TLS_AES_"
        "128_GCM_SHA256\"} 7\n",
        "aloha_tls_handshakes_resumed_total{listener=\"0.0.0.0:443\"} 3\n",
        "aloha_tls_handshake_failures_total{listener=\"0.0.0.0:443\",reason=\"timeout\"} 2\n",
        "aloha_tls_handshake_duration_seconds_count{listener=\"0.0.0.0:443\"} 7\n",
        "aloha_tls_server_handshakes_resumed_total{settings=\"http\"} 0\n",
        "aloha_tls_handshakes_in_progress 4\n",
        "aloha_certificate_expiry_seconds{certificate=\"mail\"} 1800000000\n",
        "aloha_key_signatures_total{certificate=\"mail\"} 4\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(MetricsTest, AStoppedWorkerHasNoMemory) {
  v1::ListWorkersResponse workers;
  workers.add_workers()->set_name("proxy");
  const std::string text = RenderMetrics({.workers = &workers});
  EXPECT_THAT(text, HasSubstr("aloha_worker_up{worker=\"proxy\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("memory")));
}

TEST(MetricsTest, VirtualAddressesHaveStatesAndCounters) {
  v1::Vrrp vrrp;
  v1::VirtualRouter& router = *vrrp.add_routers();
  router.set_interface("eth0");
  router.set_vrid(51);
  router.add_addresses("10.0.0.253");
  (*router.mutable_transitions_total())["MASTER"] = 3;
  const std::string labels = "interface=\"eth0\",cluster=\"51\",router=\"ipv4\"";
  const std::string stopped = RenderMetrics({.vrrp = &vrrp});
  EXPECT_THAT(stopped, HasSubstr("aloha_vrrp_transitions_total{" + labels + ",to=\"MASTER\"} 3\n"));
  EXPECT_THAT(stopped, Not(HasSubstr("aloha_vrrp_state")));
  auto* state = router.mutable_state();
  state->set_state(worker::v1::VirtualRouterState::MASTER);
  state->set_priority(150);
  state->set_effective_priority(9);
  state->set_adverts_sent_total(12);
  state->set_two_masters(true);
  (*state->mutable_dropped_total())["ttl"] = 4;
  const std::string text = RenderMetrics({.vrrp = &vrrp});
  for (const char* sample :
       {"aloha_vrrp_priority{%} 150\n", "aloha_vrrp_effective_priority{%} 9\n",
        "aloha_vrrp_adverts_sent_total{%} 12\n", "aloha_vrrp_two_masters{%} 1\n",
        "aloha_vrrp_packets_dropped_total{%,reason=\"ttl\"} 4\n",
        "aloha_vrrp_state{%,state=\"MASTER\"} 1\n", "aloha_vrrp_state{%,state=\"FAULT\"} 0\n"}) {
    std::string line = sample;
    line.replace(line.find('%'), 1, labels);
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, TellWhetherBothNodesHaveTheSame) {
  v1::SyncState sync;
  sync.set_state(v1::SyncState::NOT_PAIRED);
  EXPECT_EQ(RenderMetrics({.sync = &sync}), "");
  sync.set_state(v1::SyncState::CONFLICT);
  sync.set_last_in_sync_us(1'500'000);
  sync.mutable_counters()->set_stick_entries_taken_total(9);
  const std::string text = RenderMetrics({.sync = &sync});
  EXPECT_THAT(text, HasSubstr("aloha_peer_sync_state{state=\"CONFLICT\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("aloha_peer_sync_state{state=\"IN_SYNC\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("aloha_peer_sync_last_in_sync_timestamp_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("aloha_peer_sync_stick_entries_taken_total 9\n"));
}

TEST(Metrics, TellOfThePairedNode) {
  v1::Nodes nodes;
  nodes.mutable_counters()->set_accepted_total(3);
  (*nodes.mutable_counters()->mutable_refused_total())["stranger"] = 2;
  (*nodes.mutable_counters()->mutable_pairing_refused_total())["wrong_code"] = 1;
  const std::string alone = RenderMetrics({.nodes = &nodes});
  EXPECT_THAT(alone, HasSubstr("aloha_peer_accepted_total 3\n"));
  EXPECT_THAT(alone, HasSubstr("aloha_peer_refused_total{reason=\"stranger\"} 2\n"));
  EXPECT_THAT(alone, HasSubstr("aloha_peer_pairing_refused_total{reason=\"wrong_code\"} 1\n"));
  EXPECT_THAT(alone, Not(HasSubstr("aloha_peer_connected")));
  nodes.mutable_peer()->set_name("lb2");
  nodes.mutable_peer()->mutable_link()->set_connected(true);
  nodes.mutable_peer()->mutable_link()->set_round_trip_us(1500);
  const std::string paired = RenderMetrics({.nodes = &nodes});
  EXPECT_THAT(paired, HasSubstr("aloha_peer_connected{node=\"lb2\"} 1\n"));
  EXPECT_THAT(paired, HasSubstr("aloha_peer_round_trip_seconds{node=\"lb2\"} 0.0015\n"));
}

}  // namespace
}  // namespace aloha::wui
