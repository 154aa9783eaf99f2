// alohactl network: the machine's own addresses, where the configuration manages them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <memory>

#include "admin/v1/network.grpc.pb.h"
#include "cli/command.h"
#include "cli/dhcp.h"
#include "cli/lease.h"

namespace aloha::cli {
namespace {

using Stub = admin::Network::Stub;

template <typename List>
std::string Joined(const List& list) {
  return list.empty() ? "-" : fmt::format("{}", fmt::join(list, ", "));
}

Cell LeaseCell(const admin::NetworkState& state) {
  if (!state.dhcp()) return "-";
  if (state.last_resort()) return Cell("nobody answers: address of last resort", Color::kWarning);
  if (!state.has_lease()) return Cell("none yet", Color::kWarning);
  if (state.lease().seconds() == UINT32_MAX) return fmt::format("by {}", state.lease().server());
  return fmt::format("by {}, {} left", state.lease().server(), Duration(state.lease().seconds()));
}

int Show(Client& client) {
  auto reply = client.Call(&Stub::GetNetwork, admin::GetNetworkRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"managed", reply->managed() ? "yes" : "no: the host's business"});
  if (reply->managed()) {
    table.Add({"interface", reply->interface()});
    table.Add({"addresses", Joined(reply->addresses())});
    table.Add({"gateways", Joined(reply->gateways())});
    table.Add({"DHCP", LeaseCell(*reply)});
    table.Add({"web interface", Joined(reply->web_urls())});
  } else {
    table.Add({"interfaces", Joined(reply->candidates())});
  }
  output.Write(table, "");
  return kDone;
}

int Lease(Client& client, const std::string& reason) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  const auto report = LeaseReport(reason, variable);
  if (!report) {
    client.output().err() << "alohactl: " << report.error() << "\n";
    return kRefused;
  }
  if (!*report) return kDone;
  auto reply = client.Call(&Stub::ReportLease, **report);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddNetwork(Command& command) {
  CLI::App* noun = command.Noun("network", "The machine's own addresses, where they are managed",
                                "alohactl network show");
  command.Verb(noun, "show", "Interface, addresses, gateways, lease of DHCP", Show);

  auto options = std::make_shared<DhcpOptions>();
  CLI::App* dhcp =
      command.Verb(noun, "dhcp", "Run a DHCP client while the configuration asks for one",
                   [=](Client& client) { return RunDhcp(client, *options); });
  dhcp->add_option("--client", options->client, "The client: udhcpc of BusyBox")
      ->default_val("busybox udhcpc")
      ->type_name("COMMAND");
  dhcp->add_option("--options", options->more, "Further options of the client")->type_name("WORDS");
  dhcp->add_option("--script", options->script, "What it calls with news")
      ->default_val("/usr/libexec/aloha/dhcp-lease")
      ->type_name("FILE");

  auto reason = std::make_shared<std::string>();
  command
      .Verb(noun, "lease", "Report what a DHCP client found, in its environment",
            [=](Client& client) { return Lease(client, *reason); })
      ->add_option("REASON", *reason, "deconfig, bound, renew, nak or leasefail")
      ->required();
}

}  // namespace aloha::cli
