// The configuration of a new machine.
#ifndef ALOHA_SUPERVISOR_CONFIG_FACTORY_H_
#define ALOHA_SUPERVISOR_CONFIG_FACTORY_H_

#include "config/v1/config.pb.h"

namespace aloha::supervisor {

// The web interface, HTTP in SSL_OFFLOAD with a self-signed certificate, RPC enabled, IMAP, POP3
// and SMTP disabled, no servers. The same as deploy/config/aloha.textproto.
config::v1::Config FactoryConfig();

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_FACTORY_H_
