// Words and colours of states, as tables show them.
#ifndef ALOHA_CLI_NAMES_H_
#define ALOHA_CLI_NAMES_H_

#include "admin/v1/admin.pb.h"
#include "admin/v1/traffic.pb.h"
#include "cli/output.h"

namespace aloha::cli {

// "OK", "NOK", "not in use".
Cell StateCell(::aloha::admin::v1::Service::State state);

// "UP", "DOWN", "UNKNOWN"; "UP (stale)" when no check has confirmed it lately.
Cell CheckCell(const ::aloha::admin::v1::Server& server);

// "READY", "DRAIN", "MAINTENANCE".
Cell AdminCell(::aloha::admin::v1::Server::AdminState state);

// "RUNNING", "CRASH_LOOP" …
Cell WorkerCell(::aloha::admin::v1::Worker::State state);

// "info", "warning", "error".
Cell SeverityCell(::aloha::admin::v1::Event::Severity severity);

// A server that should take sessions and does not. One in maintenance is not expected to.
bool IsDown(const ::aloha::admin::v1::Server& server);

// "10.0.0.15:143", IPv6 in brackets.
std::string AddressOf(const ::aloha::admin::v1::Server& server);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_NAMES_H_
