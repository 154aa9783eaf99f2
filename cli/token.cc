// alohactl token: for automation, "Authorization: Bearer TOKEN".
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "admin/v1/users.grpc.pb.h"
#include "cli/command.h"
#include "cli/role.h"
#include "cli/secret.h"
#include "cli/validity.h"

namespace aloha::cli {
namespace {

using Stub = admin::Tokens::Stub;

constexpr int64_t kSecond = 1'000'000;  // microseconds

int List(Client& client) {
  auto reply = client.List(&Stub::ListTokens, admin::ListTokensRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"NAME", "ROLE", "SCOPES", "MADE BY", ">LEFT", "LAST USED", "FROM"});
  for (const admin::Token& token : reply->tokens()) {
    table.Add({token.name(), RoleName(token.role()),
               token.scopes().empty() ? "all" : fmt::format("{}", fmt::join(token.scopes(), " ")),
               token.creator(), DaysLeftCell(token.expires_us() / kSecond, NowSeconds()),
               LocalTime(token.last_used_us()),
               token.last_address().empty() ? "-" : token.last_address()});
  }
  output.Write(table, "No tokens: alohactl token create NAME --role ROLE");
  return kDone;
}

int Create(Client& client, const admin::CreateTokenRequest& request) {
  auto reply = client.Call(&Stub::CreateToken, request);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (!output.Structured(*reply)) {
    output.err() << fmt::format("token {}, {}; it is told this once:\n", reply->token().name(),
                                RoleName(reply->token().role()));
    output.out() << reply->secret() << "\n";
  }
  Wipe(*reply->mutable_secret());
  return kDone;
}

int Revoke(Client& client, const std::string& name) {
  admin::RevokeTokenRequest request;
  request.set_name(name);
  auto reply = client.Call(&Stub::RevokeToken, request);
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

}  // namespace

void AddToken(Command& command) {
  CLI::App* noun = command.Noun("token", "Access to the management API for automation",
                                "alohactl token create backup --role monitor --days 365");
  command.Verb(noun, "list", "Names, rights, and when each was used", List);
  auto made = std::make_shared<admin::CreateTokenRequest>();
  CLI::App* create = command.Verb(noun, "create", "Make a token; prints it, once",
                                  [made](Client& client) { return Create(client, *made); });
  create
      ->add_option_function<std::string>(
          "NAME", [made](const std::string& name) { made->set_name(name); },
          "a-z, 0-9, \".\", \"_\", \"-\"; a letter first")
      ->required();
  create
      ->add_option_function<admin::Role>(
          "--role", [made](admin::Role role) { made->set_role(role); }, kRoles)
      ->required()
      ->transform(RoleTransformer())
      ->type_name("ROLE");
  create
      ->add_option_function<std::vector<std::string>>(
          "--scope",
          [made](const std::vector<std::string>& scopes) {
            for (const std::string& scope : scopes) made->add_scopes(scope);
          },
          "Only this, \"Services/*\" or \"Stats/GetStats\"; may be repeated")
      ->type_name("SCOPE");
  create
      ->add_option_function<uint32_t>(
          "--days", [made](uint32_t days) { made->set_days(days); }, "Until it expires (90)")
      ->check(CLI::Range(1, 3650).description(""))
      ->type_name("DAYS");
  auto revoked = std::make_shared<std::string>();
  command
      .Verb(noun, "revoke", "Let it open nothing any more",
            [revoked](Client& client) { return Revoke(client, *revoked); })
      ->add_option("NAME", *revoked, "Name of the token")
      ->required();
}

}  // namespace aloha::cli
