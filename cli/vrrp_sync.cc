#include "cli/vrrp_sync.h"

#include <fmt/format.h>

#include "admin/v1/synchronization.grpc.pb.h"

namespace aloha::cli {
namespace {

using Stub = admin::Synchronization::Stub;
using admin::SyncState;

Cell StateCell(SyncState::State state) {
  switch (state) {
    case SyncState::IN_SYNC:
      return {"in sync", Color::kGood};
    case SyncState::SYNCING:
      return {"syncing", Color::kWarning};
    case SyncState::DISCONNECTED:
      return {"not reached", Color::kBad};
    case SyncState::CONFLICT:
      return {"NOT IN SYNC: conflict", Color::kBad};
    case SyncState::REFUSED:
      return {"NOT IN SYNC: refused", Color::kBad};
    default:
      return "not paired";
  }
}

int Start(Client& client) {
  auto reply = client.Call(&Stub::StartSynchronization, admin::StartSynchronizationRequest());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

int ShowSync(Client& client, bool with_diff, bool below) {
  admin::GetSynchronizationRequest request;
  request.set_with_diff(with_diff);
  auto reply = client.Call(&Stub::GetSynchronization, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  if (reply->state() == SyncState::NOT_PAIRED || reply->state() == SyncState::STATE_UNSPECIFIED) {
    if (with_diff) output.out() << "This node is not paired with another: alohactl vrrp pair\n";
    return kDone;
  }
  output.out() << (below ? "\n" : "");
  Table table({"OTHER NODE", "SYNC", "SINCE", "LAST IN SYNC", ">ENTRIES SENT", ">TAKEN", "WHY"});
  const admin::SyncCounters& counters = reply->counters();
  table.Add({reply->peer().empty() ? "-" : reply->peer(), StateCell(reply->state()),
             Age(reply->since_us()),
             reply->last_in_sync_us() == 0 ? "never" : LocalTime(reply->last_in_sync_us()),
             counters.stick_entries_sent_total(), counters.stick_entries_taken_total(),
             reply->reason().empty() ? "-" : reply->reason()});
  output.Write(table, "");
  if (!reply->diff().empty()) output.out() << "\n" << reply->diff();
  if (!reply->diff_problem().empty()) {
    output.out() << "\nNo comparison: " << reply->diff_problem() << "\n";
  }
  return kDone;
}

void AddVrrpSync(Command& command, CLI::App* noun) {
  command.Verb(noun, "sync", "Make the other node take over what this one has",
               [](Client& client) { return Start(client); });
}

}  // namespace aloha::cli
