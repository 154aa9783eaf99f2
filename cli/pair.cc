// alohactl vrrp pair: this node and the other one.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>

#include "admin/v1/high_availability.grpc.pb.h"
#include "cli/command.h"

namespace aloha::cli {
namespace {

using Stub = admin::HighAvailability::Stub;

struct PairOptions {
  std::string address, code;
  bool list = false, remove = false, yes = false;
};

int64_t SecondsUntil(int64_t time_s) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return time_s - std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

int MakeCode(Client& client) {
  const auto reply = client.Call(&Stub::CreatePairingCode, admin::CreatePairingCodeRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  output.out() << Printable(reply->code()) << "\n" << std::flush;
  output.err() << fmt::format(
      "Good once, for {}. On the other node: alohactl vrrp pair ADDRESS CODE, where ADDRESS is "
      "this node's{}.\n",
      Duration(SecondsUntil(reply->expires_s())),
      reply->port() == 4443 ? std::string() : fmt::format(", with :{} behind it", reply->port()));
  return kDone;
}

int Join(Client& client, const PairOptions& options) {
  admin::PairNodeRequest request;
  request.set_address(options.address);
  request.set_code(options.code);
  const auto reply = client.Call(&Stub::PairNode, request);
  if (!reply) return client.Report(reply.error());
  if (!client.output().Structured(*reply)) PrintEvent(client.output(), reply->event());
  return kDone;
}

int List(Client& client) {
  const auto reply = client.Call(&Stub::GetNodes, admin::GetNodesRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"NODE", "KEY", "ADDRESS", "PAIRED", "LINK", "SINCE", "PROGRAM"});
  table.Add({"this", reply->fingerprint(), "", "", "", "", ""});
  if (reply->has_peer()) {
    const admin::Node& peer = reply->peer();
    const admin::NodeLink& link = peer.link();
    table.Add(
        {peer.name(), peer.fingerprint(), peer.address().empty() ? "-" : peer.address(),
         Age(peer.paired_s() * 1'000'000),
         link.connected() ? Cell("connected", Color::kGood) : Cell("not connected", Color::kBad),
         Age(link.since_us()), link.version()});
  }
  output.Write(table, "");
  if (reply->has_peer() && !reply->peer().link().connected())
    output.out() << Printable(reply->peer().link().reason()) << "\n";
  if (reply->code_expires_s() > 0)
    output.out() << fmt::format("A pairing code waits for a node; it ends in {}.\n",
                                Duration(SecondsUntil(reply->code_expires_s())));
  return kDone;
}

int Remove(Client& client, const PairOptions& options) {
  if (!options.yes &&
      !Confirmed(client, "End the pairing? Nothing is sent to the other node any more.")) {
    client.output().err() << "alohactl: nothing was changed (--yes answers the question)\n";
    return kRefused;
  }
  const auto reply = client.Call(&Stub::RemoveNode, admin::RemoveNodeRequest());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddPairing(Command& command, CLI::App* vrrp) {
  auto options = std::make_shared<PairOptions>();
  CLI::App* pair = command.Verb(
      vrrp, "pair", "Make a one-time code; with ADDRESS and CODE, pair with the node that made it",
      [options](Client& client) {
        if (options->list) return List(client);
        if (options->remove) return Remove(client, *options);
        return options->address.empty() ? MakeCode(client) : Join(client, *options);
      });
  CLI::Option* address =
      pair->add_option("ADDRESS", options->address, "Of the node that made the code");
  CLI::Option* code = pair->add_option("CODE", options->code, "As that node printed it");
  address->needs(code);
  CLI::Option* list =
      pair->add_flag("--list", options->list, "Show this node, the other one, and the link");
  CLI::Option* remove = pair->add_flag("--remove", options->remove, "End the pairing on this node");
  pair->add_flag("--yes", options->yes, "With --remove: do not ask")->needs(remove);
  list->excludes(remove)->excludes(address);
  remove->excludes(address);
}

}  // namespace aloha::cli
