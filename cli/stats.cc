// alohactl stats: counters, once or live.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "admin/v1/traffic.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/stats_http.h"
#include "cli/stats_tls.h"

namespace aloha::cli {
namespace {

using Stub = admin::Stats::Stub;

constexpr std::string_view kClearScreen = "\033[H\033[2J";

struct ShowOptions {
  bool watch = false;
  double interval_s = 1;
};

// Growth of a counter per second between two snapshots; "-" without an earlier one or after a
// reset.
std::string Rate(const admin::Traffic& now, const admin::Traffic* before, double seconds,
                 uint64_t (admin::Traffic::*counter)() const, bool bytes) {
  if (before == nullptr || seconds <= 0 || (now.*counter)() < (before->*counter)()) return "-";
  double rate = static_cast<double>((now.*counter)() - (before->*counter)()) / seconds;
  return bytes ? Bytes(static_cast<uint64_t>(rate)) + "/s" : fmt::format("{:.1f}/s", rate);
}

template <typename List>
auto* Find(const List& list, const std::string& name) {
  auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& x) { return x.name() == name; });
  return found == list.end() ? nullptr : &*found;
}

// The columns that a virtual service and a server share.
std::vector<Cell> TrafficCells(const admin::Traffic& now, const admin::Traffic* before,
                               double seconds) {
  using T = admin::Traffic;
  return {now.sessions(),
          now.sessions_max(),
          now.sessions_total(),
          Rate(now, before, seconds, &T::sessions_total, false),
          Bytes(now.bytes_from_clients()),
          Rate(now, before, seconds, &T::bytes_from_clients, true),
          Bytes(now.bytes_to_clients()),
          Rate(now, before, seconds, &T::bytes_to_clients, true)};
}

// `before`: the snapshot that rates are counted from, or null.
Table StatsTable(const admin::StatsSnapshot& now, const admin::StatsSnapshot* before) {
  Table table({"VIRTUAL SERVICE", "SERVER", "CHECK", "ADMIN", ">SESSIONS", ">MAX", ">TOTAL",
               ">RATE", ">IN", ">IN RATE", ">OUT", ">OUT RATE", ">QUEUED", ">ERRORS", ">RETRIES"});
  double seconds =
      before == nullptr ? 0 : static_cast<double>(now.time_us() - before->time_us()) / 1e6;
  for (const admin::VirtualServiceStats& service : now.virtual_services()) {
    const auto* old =
        before == nullptr ? nullptr : Find(before->virtual_services(), service.name());
    std::vector<Cell> row = {service.name(), "all", "", ""};
    auto cells =
        TrafficCells(service.traffic(), old == nullptr ? nullptr : &old->traffic(), seconds);
    row.insert(row.end(), cells.begin(), cells.end());
    row.insert(row.end(), {service.queued(), service.failed_total() + service.denied_total(), ""});
    table.Add(row);
    for (const admin::ServerStats& server : service.servers()) {
      const auto* old_server = old == nullptr ? nullptr : Find(old->servers(), server.name());
      admin::Server state;
      state.set_check_state(server.check_state());
      row = {service.name(), server.name(), CheckCell(state), AdminCell(server.admin_state())};
      cells = TrafficCells(server.traffic(),
                           old_server == nullptr ? nullptr : &old_server->traffic(), seconds);
      row.insert(row.end(), cells.begin(), cells.end());
      row.insert(row.end(), {server.queued(), server.connect_errors_total(),
                             server.retries_total() + server.redispatches_total()});
      table.Add(row);
    }
  }
  return table;
}

constexpr std::string_view kNothing = "No virtual services run: alohactl config edit";

void WriteTables(Output& output, const admin::StatsSnapshot& now,
                 const admin::StatsSnapshot* before) {
  output.Write(StatsTable(now, before), kNothing);
  for (const Table& more : {HttpTable(now, before), TlsTable(now, before)}) {
    if (more.empty()) continue;
    output.out() << "\n";
    output.Write(more, "");
  }
}

int Watch(Client& client, double interval_s) {
  admin::WatchStatsRequest request;
  request.set_interval_ms(static_cast<uint32_t>(interval_s * 1000));
  Output& output = client.output();
  admin::StatsSnapshot before;
  bool first = true;
  auto take = [&](const admin::StatsSnapshot& now) {
    if (output.StructuredLine(now)) return true;
    if (output.terminal()) output.out() << kClearScreen;
    output.out() << LocalTime(now.time_us()) << "\n";
    WriteTables(output, now, first ? nullptr : &before);
    output.out() << std::flush;
    before = now;
    first = false;
    return true;
  };
  grpc::Status status = client.Watch<Stub, admin::WatchStatsRequest, admin::StatsSnapshot>(
      &Stub::WatchStats, request, true, take);
  return status.ok() ? kDone : client.Report(status);
}

int Show(Client& client, const ShowOptions& options) {
  if (options.watch) return Watch(client, options.interval_s);
  auto reply = client.Call(&Stub::GetStats, admin::GetStatsRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (!output.Structured(*reply)) WriteTables(output, *reply, nullptr);
  return kDone;
}

int Reset(Client& client) {
  auto reply = client.Call(&Stub::ResetStats, admin::ResetStatsRequest());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddStats(Command& command) {
  CLI::App* noun = command.Noun("stats", "Counters of virtual services and servers",
                                "alohactl stats show --watch --interval 5");
  auto options = std::make_shared<ShowOptions>();
  CLI::App* show = command.Verb(
      noun, "show", "Sessions, bytes, errors, retries; requests, TLS handshakes, and their times",
      [options](Client& client) { return Show(client, *options); });
  show->add_flag("--watch", options->watch, "Live, with rates, until Ctrl-C");
  show->add_option("--interval", options->interval_s, "Seconds between two tables, 0.2 to 60")
      ->check(CLI::Range(0.2, 60.0))
      ->capture_default_str();
  command.Verb(noun, "reset", "Set the counters to zero", Reset);
}

}  // namespace aloha::cli
