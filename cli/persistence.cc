// alohactl persistence: which client is bound to which server.
#include <memory>

#include "admin/v1/traffic.grpc.pb.h"
#include "cli/command.h"

namespace aloha::cli {
namespace {

using Stub = admin::Persistence::Stub;

struct Selection {
  std::string table;
  std::string client;
  bool all = false;
};

int List(Client& client, const Selection& selection) {
  admin::ListEntriesRequest request;
  request.set_table(selection.table);
  auto reply = client.List(&Stub::ListEntries, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"TABLE", "CLIENT", "SERVER", ">EXPIRES IN"});
  for (const admin::PersistenceEntry& entry : reply->entries()) {
    table.Add({entry.table(),
               entry.client_hash().empty() ? Cell(entry.client_address())
                                           : Cell("hash " + entry.client_hash()),
               entry.server(), Duration(static_cast<int64_t>(entry.expires_in_ms() / 1000))});
  }
  output.Write(table,
               "No entries: they appear when clients connect to a virtual service with "
               "persistence { source_address {} } or { authorization_header {} }");
  return kDone;
}

int Clear(Client& client, const Selection& selection) {
  admin::ClearEntriesRequest request;
  request.set_table(selection.table);
  request.set_client_address(selection.client);
  auto reply = client.Call(&Stub::ClearEntries, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (!output.Structured(*reply)) output.out() << reply->cleared() << " entries cleared\n";
  return kDone;
}

}  // namespace

void AddPersistence(Command& command) {
  CLI::App* noun = command.Noun("persistence", "Which client is bound to which server",
                                "alohactl persistence clear --client 192.0.2.7");
  auto listed = std::make_shared<Selection>();
  command
      .Verb(noun, "list", "Entries of the stick tables",
            [listed](Client& client) { return List(client, *listed); })
      ->add_option("--table", listed->table, "Only this table");

  auto cleared = std::make_shared<Selection>();
  CLI::App* clear = command.Verb(noun, "clear", "Forget entries; clients are balanced anew",
                                 [cleared](Client& client) { return Clear(client, *cleared); });
  clear->add_option("--table", cleared->table, "Only in this table");
  clear->add_option("--client", cleared->client, "Only of this client address");
  clear->add_flag("--all", cleared->all, "Every entry of every table");
  clear->parse_complete_callback([cleared] {
    if (cleared->all == (!cleared->table.empty() || !cleared->client.empty())) {
      throw CLI::ValidationError("persistence clear", "say which: --table, --client, or --all");
    }
  });
}

}  // namespace aloha::cli
