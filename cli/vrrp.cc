// alohactl vrrp: the virtual addresses that nodes share.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <memory>

#include "admin/v1/high_availability.grpc.pb.h"
#include "cli/command.h"
#include "cli/vrrp_sync.h"

namespace aloha::cli {
namespace {

using Stub = admin::HighAvailability::Stub;
using worker::v1::VirtualRouterState;

constexpr const char* kClearScreen = "\033[2J\033[H";
// Rows of the history in a table; -o json has all of it.
constexpr int kHistoryRows = 10;

Cell VrrpStateCell(VirtualRouterState::State state) {
  switch (state) {
    case VirtualRouterState::MASTER:
      return {"MASTER", Color::kGood};
    case VirtualRouterState::BACKUP:
      return "BACKUP";
    case VirtualRouterState::FAULT:
      return {"FAULT", Color::kBad};
    default:
      return "-";
  }
}

// "150", or "9 of 150" while something hinders the node.
Cell PriorityCell(const VirtualRouterState& state) {
  if (state.effective_priority() == state.priority()) return state.priority();
  return {fmt::format("{} of {}", state.effective_priority(), state.priority()), Color::kWarning};
}

Table RouterTable(const admin::Vrrp& vrrp) {
  Table table({"ADDRESSES", "INTERFACE", ">CLUSTER", "VRRP", "STATE", "SINCE", ">PRIORITY", "WHY"});
  for (const admin::VirtualRouter& router : vrrp.routers()) {
    const bool known = router.has_state();
    const VirtualRouterState& state = router.state();
    table.Add({fmt::format("{}", fmt::join(router.addresses(), " ")), router.interface(),
               router.vrid(), fmt::format("v{}", router.version()),
               known ? VrrpStateCell(state.state()) : Cell("not running", Color::kBad),
               known ? Age(state.since_us()) : "-", known ? PriorityCell(state) : Cell("-"),
               known ? state.why() : "alohactl service list says why"});
  }
  return table;
}

// What an administrator should know about: hindrances, another master, addresses that cannot be
// set.
Table TroubleTable(const admin::Vrrp& vrrp) {
  Table table({"ROUTER", "TROUBLE"});
  for (const admin::VirtualRouter& router : vrrp.routers()) {
    const VirtualRouterState& state = router.state();
    for (const auto& hindrance : state.hindrances()) {
      table.Add({state.name(), {hindrance.reason(), Color::kWarning}});
    }
    if (state.two_masters()) {
      table.Add({state.name(), {"another node says that it is master too", Color::kBad}});
    }
    if (!state.problem().empty()) table.Add({state.name(), {state.problem(), Color::kBad}});
  }
  return table;
}

Table PeerTable(const admin::Vrrp& vrrp) {
  Table table({"ROUTER", "PEER", ">PRIORITY", "LAST SEEN", ">ADVERTS"});
  for (const admin::VirtualRouter& router : vrrp.routers()) {
    for (const auto& peer : router.state().peers()) {
      table.Add({router.state().name(), peer.address(), peer.priority(), Age(peer.last_seen_us()),
                 peer.adverts_total()});
    }
  }
  return table;
}

Table AdvertTable(const admin::Vrrp& vrrp) {
  Table table({"ROUTER", "SOURCE", ">SENT", ">RECEIVED", "DROPPED"});
  for (const admin::VirtualRouter& router : vrrp.routers()) {
    if (!router.has_state()) continue;
    const VirtualRouterState& state = router.state();
    std::vector<std::string> dropped;
    const std::map<std::string, uint64_t> reasons(state.dropped_total().begin(),
                                                  state.dropped_total().end());
    for (const auto& [reason, count] : reasons) {
      if (count > 0) dropped.push_back(fmt::format("{} {}", count, reason));
    }
    table.Add({state.name(), state.source().empty() ? "-" : state.source(),
               state.adverts_sent_total(), state.adverts_received_total(),
               dropped.empty() ? "0" : fmt::format("{}", fmt::join(dropped, ", "))});
  }
  return table;
}

Table HistoryTable(const admin::Vrrp& vrrp) {
  Table table({"ROUTER", "TIME", "FROM", "TO", "WHY"});
  for (const admin::VirtualRouter& router : vrrp.routers()) {
    const auto& history = router.state().history();
    for (int i = 0; i < history.size() && i < kHistoryRows; ++i) {
      const auto& transition = history.Get(i);
      table.Add({router.state().name(), LocalTime(transition.time_us()),
                 VrrpStateCell(transition.from()), VrrpStateCell(transition.to()),
                 transition.why()});
    }
  }
  return table;
}

void WriteTables(Output& output, const admin::Vrrp& vrrp) {
  output.Write(RouterTable(vrrp), "No virtual address yet: alohactl service list says why");
  for (const Table& more :
       {TroubleTable(vrrp), PeerTable(vrrp), AdvertTable(vrrp), HistoryTable(vrrp)}) {
    if (more.empty()) continue;
    output.out() << "\n";
    output.Write(more, "");
  }
}

int Watch(Client& client) {
  Output& output = client.output();
  const auto take = [&](const admin::Vrrp& vrrp) {
    if (output.StructuredLine(vrrp)) return true;
    output.out() << (output.terminal() ? kClearScreen : "");
    WriteTables(output, vrrp);
    output.out() << std::flush;
    return true;
  };
  const grpc::Status status = client.Watch<Stub, admin::WatchVrrpRequest, admin::Vrrp>(
      &Stub::WatchVrrp, admin::WatchVrrpRequest(), true, take);
  return status.ok() ? kDone : client.Report(status);
}

struct ShowOptions {
  bool watch = false, sync = false, diff = false;
};

int Show(Client& client, const ShowOptions& options) {
  if (options.watch) return Watch(client);
  if (options.sync || options.diff) return ShowSync(client, options.diff);
  auto reply = client.Call(&Stub::GetVrrp, admin::GetVrrpRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  WriteTables(output, *reply);
  return ShowSync(client, false, true);
}

int Release(Client& client, bool cancel) {
  admin::ReleaseMastershipRequest request;
  request.set_cancel(cancel);
  auto reply = client.Call(&Stub::ReleaseMastership, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddVrrp(Command& command) {
  CLI::App* noun =
      command.Noun("vrrp", "The virtual addresses that nodes share", "alohactl vrrp show --watch");
  auto options = std::make_shared<ShowOptions>();
  CLI::App* show =
      command.Verb(noun, "show", "Who has them and why, other nodes, adverts, and what happened",
                   [options](Client& client) { return Show(client, *options); });
  CLI::Option* watch =
      show->add_flag("--watch", options->watch, "Again after each change, until Ctrl-C");
  show->add_flag("--sync", options->sync, "Only whether both nodes have the same")->excludes(watch);
  show->add_flag("--diff", options->diff, "The same, and what differs")->excludes(watch);
  auto cancel = std::make_shared<bool>(false);
  command
      .Verb(noun, "release", "Leave the addresses to another node, if one lives",
            [cancel](Client& client) { return Release(client, *cancel); })
      ->add_flag("--cancel", *cancel, "Take the release back");
  AddPairing(command, noun);
  AddVrrpSync(command, noun);
}

}  // namespace aloha::cli
