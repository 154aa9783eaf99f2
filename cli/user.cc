// alohactl user: accounts of the web interface, and who is signed in.
#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "admin/v1/users.grpc.pb.h"
#include "cli/command.h"
#include "cli/role.h"
#include "cli/secret.h"

namespace aloha::cli {
namespace {

using Stub = admin::Users::Stub;

int List(Client& client) {
  auto reply = client.List(&Stub::ListUsers, admin::ListUsersRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"NAME", "ROLE", "STATE", "SECOND FACTOR", "LAST SIGN-IN", "FROM", ">FAILED"});
  for (const admin::User& user : reply->users()) {
    const bool fresh = user.must_change_password();
    table.Add({user.name(), RoleName(user.role()),
               user.disabled() ? Cell("disabled", Color::kWarning)
               : fresh         ? Cell("must set a password", Color::kWarning)
                               : Cell("ok", Color::kGood),
               user.second_factor() ? "yes" : "no", LocalTime(user.last_sign_in_us()),
               user.last_address().empty() ? "-" : user.last_address(), user.failed_attempts()});
  }
  output.Write(table, "No users: alohactl user password admin begins anew");
  return kDone;
}

int Fail(Client& client, const std::string& why) {
  client.output().err() << "alohactl: " << why << "\n";
  return kRefused;
}

struct PasswordOptions {
  std::string user;
  bool once = false;  // not asked for again on a terminal
};

// The error is for people.
tl::expected<std::string, std::string> ReadNewPassword(const PasswordOptions& options) {
  auto first = ReadPassword(fmt::format("New password of {}: ", options.user));
  if (!first || options.once || isatty(STDIN_FILENO) == 0) return first;
  auto again = ReadPassword("The same again: ");
  if (again && *again != *first) {
    Wipe(*again);
    again = tl::make_unexpected(std::string("the two are not the same; nothing was changed"));
  }
  Wipe(*first);
  return again;
}

struct AddOptions : PasswordOptions {
  admin::Role role = admin::MONITOR;
};

int Add(Client& client, const AddOptions& options) {
  auto password = ReadNewPassword(options);
  if (!password) return Fail(client, password.error());
  admin::CreateUserRequest request;
  request.set_name(options.user);
  request.set_role(options.role);
  request.set_password(std::move(*password));
  auto reply = client.Call(&Stub::CreateUser, request);
  Wipe(*request.mutable_password());
  if (!reply) return client.Report(reply.error());
  if (!client.output().Structured(*reply)) {
    client.output().out() << fmt::format(
        "{}: created as {}; sets a password at the first sign-in\n", reply->name(),
        RoleName(reply->role()));
  }
  return kDone;
}

int Update(Client& client, const admin::UpdateUserRequest& request) {
  auto reply = client.Call(&Stub::UpdateUser, request);
  if (!reply) return client.Report(reply.error());
  if (!client.output().Structured(*reply)) {
    client.output().out() << fmt::format("{}: {}{}\n", reply->name(), RoleName(reply->role()),
                                         reply->disabled() ? ", disabled" : "");
  }
  return kDone;
}

int SignIns(Client& client) {
  auto reply = client.List(&Stub::ListSignIns, admin::ListSignInsRequest());
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"ID", "USER", "ADDRESS", "SINCE", "LAST USED", "BROWSER"});
  for (const admin::SignIn& session : reply->sign_ins()) {
    table.Add({session.id(), session.user(), session.address(), LocalTime(session.begun_us()),
               Age(session.last_used_us()), session.user_agent()});
  }
  output.Write(table, "Nobody is signed in.");
  return kDone;
}

// A verb that needs a name and nothing else.
template <typename Request>
void AddByName(Command& command, CLI::App* noun, const std::string& verb,
               const std::string& description,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                            admin::ChangeResponse*),
               void (*set)(Request&, const std::string&), const std::string& what = "NAME") {
  auto name = std::make_shared<std::string>();
  CLI::App* app = command.Verb(noun, verb, description, [=](Client& client) -> int {
    Request request;
    set(request, *name);
    auto reply = client.Call(method, request);
    if (!reply) return client.Report(reply.error());
    return PrintChange(client, *reply);
  });
  app->add_option(what, *name, what == "NAME" ? "Name of the user" : "As sign-ins shows it")
      ->required();
}

void AddUpdates(Command& command, CLI::App* noun) {
  auto role = std::make_shared<admin::UpdateUserRequest>();
  CLI::App* change = command.Verb(noun, "role", "Change what a user may do",
                                  [role](Client& client) { return Update(client, *role); });
  change
      ->add_option_function<std::string>(
          "NAME", [role](const std::string& name) { role->set_name(name); }, "Name of the user")
      ->required();
  change
      ->add_option_function<admin::Role>(
          "ROLE", [role](admin::Role wanted) { role->set_role(wanted); }, kRoles)
      ->required()
      ->transform(RoleTransformer());
  for (const bool disable : {true, false}) {
    auto name = std::make_shared<std::string>();
    command
        .Verb(
            noun, disable ? "disable" : "enable",
            disable ? "Let a user sign in no longer, and end the sessions" : "Let it sign in again",
            [=](Client& client) {
              admin::UpdateUserRequest request;
              request.set_name(*name);
              request.set_disabled(disable);
              return Update(client, request);
            })
        ->add_option("NAME", *name, "Name of the user")
        ->required();
  }
}

}  // namespace

int SetPassword(Client& client, const std::string& user, bool once) {
  auto password = ReadNewPassword({user, once});
  if (!password) return Fail(client, password.error());
  admin::SetPasswordRequest request;
  request.set_user(user);
  request.set_new_password(std::move(*password));
  auto reply = client.Call(&Stub::SetPassword, request);
  Wipe(*request.mutable_new_password());
  if (!reply) return client.Report(reply.error());
  return PrintChange(client, *reply);
}

void AddUser(Command& command) {
  CLI::App* noun = command.Noun("user", "Who may use the web interface",
                                "alohactl user add carol --role operator");
  command.Verb(noun, "list", "Names, roles, and who signed in when", List);
  auto added = std::make_shared<AddOptions>();
  CLI::App* add = command.Verb(noun, "add", "Create a user; asks for the first password",
                               [added](Client& client) { return Add(client, *added); });
  add->add_option("NAME", added->user, "a-z, 0-9, \".\", \"_\", \"-\"; a letter first")->required();
  add->add_option("--role", added->role, kRoles)
      ->required()
      ->transform(RoleTransformer())
      ->type_name("ROLE");
  add->add_flag("--password-stdin", added->once, "Read the password from standard input");
  auto changed = std::make_shared<PasswordOptions>();
  CLI::App* password = command.Verb(
      noun, "password", "Set the password of a user, whose sessions end; asks for it",
      [changed](Client& client) { return SetPassword(client, changed->user, changed->once); });
  password->add_option("NAME", changed->user, "Name of the user")->required();
  password->add_flag("--password-stdin", changed->once, "Read the password from standard input");
  AddByName<admin::DeleteUserRequest>(
      command, noun, "delete", "Delete a user, whose sessions and tokens end", &Stub::DeleteUser,
      [](auto& request, const std::string& name) { request.set_name(name); });
  AddUpdates(command, noun);
  AddByName<admin::RemoveSecondFactorRequest>(
      command, noun, "remove-second-factor", "Let a user sign in by the password alone",
      &Stub::RemoveSecondFactor,
      [](auto& request, const std::string& name) { request.set_user(name); });
  command.Verb(noun, "sign-ins", "Who is signed in, and from where", SignIns);
  AddByName<admin::RevokeSignInRequest>(
      command, noun, "revoke", "End a session", &Stub::RevokeSignIn,
      [](auto& request, const std::string& id) { request.set_id(id); }, "ID");
}

}  // namespace aloha::cli
