// Roles of users and tokens on the command line, and passwords that are set.
#ifndef ALOHA_CLI_ROLE_H_
#define ALOHA_CLI_ROLE_H_

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <map>
#include <string>
#include <tl/expected.hpp>

#include "admin/v1/users.pb.h"
#include "cli/client.h"

namespace aloha::cli {

inline constexpr char kRoles[] = "monitor, operator or admin";

inline std::string RoleName(admin::Role role) {
  return role == admin::ADMIN ? "admin" : role == admin::OPERATOR ? "operator" : "monitor";
}

inline CLI::Validator RoleTransformer() {
  const std::map<std::string, admin::Role> roles = {
      {"monitor", admin::MONITOR}, {"operator", admin::OPERATOR}, {"admin", admin::ADMIN}};
  return CLI::CheckedTransformer(roles, CLI::ignore_case).description("");
}

// Asks for a new password of this user, on a terminal twice unless `once`, and sets it. Returns the
// exit code.
int SetPassword(Client& client, const std::string& user, bool once = false);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_ROLE_H_
