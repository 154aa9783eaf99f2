// What the verbs of `alohactl config` share.
#ifndef ALOHA_CLI_CONFIG_H_
#define ALOHA_CLI_CONFIG_H_

#include <string>

#include "admin/v1/configuration.pb.h"
#include "cli/client.h"

namespace aloha::cli {

// Calls ApplyConfig.
Reply<admin::ApplyConfigResponse> Apply(Client& client, const admin::ApplyConfigRequest& request);

// Prints which version runs now, the steps that were taken, warnings (stderr), and what is left to
// do: save, confirm. `request`: what was asked; `file` names its source in findings, or is empty.
// Returns kDone.
int PrintApplied(Client& client, const admin::ApplyConfigRequest& request,
                 const admin::ApplyConfigResponse& response, std::string_view file);

// config set PATH VALUE. Returns the exit code.
int SetConfig(Client& client, const std::string& path, const std::string& value, bool save);

// config unset PATH. Returns the exit code.
int UnsetConfig(Client& client, const std::string& path, bool save);

// config edit: the running configuration in $VISUAL or $EDITOR, applied when the editor ends;
// errors bring the editor back with the findings on top. Returns the exit code.
int EditConfig(Client& client, bool save);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_CONFIG_H_
