// A DHCP client, run while the configuration asks for one.
#ifndef ALOHA_CLI_DHCP_H_
#define ALOHA_CLI_DHCP_H_

#include <string>

#include "cli/client.h"

namespace aloha::cli {

struct DhcpOptions {
  std::string client;  // its words, blanks between them
  std::string script;  // what it calls with news: runs `alohactl network lease`
  std::string more;    // further options of it, blanks between them; they come last
};

// Runs the client on the managed interface whenever the configuration says dhcp, and ends it when
// it does not any more; starts it again when it ends. Goes on until SIGTERM or SIGINT, also while
// the supervisor is away. Returns the exit code.
int RunDhcp(Client& client, const DhcpOptions& options);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_DHCP_H_
