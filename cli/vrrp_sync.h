// The part of alohactl vrrp that is about having the same on both nodes.
#ifndef ALOHA_CLI_VRRP_SYNC_H_
#define ALOHA_CLI_VRRP_SYNC_H_

#include "cli/command.h"

namespace aloha::cli {

// Writes whether both nodes have the same, and with_diff what not; nothing on a node that is not
// paired. below: something stands above it. The exit code.
int ShowSync(Client& client, bool with_diff, bool below = false);

// alohactl vrrp sync.
void AddVrrpSync(Command& command, CLI::App* noun);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_VRRP_SYNC_H_
