// What the proxies have: the one that runs, and those that made room for it and serve their
// sessions to the end.
#ifndef ALOHA_SUPERVISOR_ADMIN_PROXIES_H_
#define ALOHA_SUPERVISOR_ADMIN_PROXIES_H_

#include <asio/awaitable.hpp>

#include "supervisor/fleet.h"
#include "worker/v1/roles.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Counters of the one that runs; sessions that live now of all. kUnavailable: none runs.
asio::awaitable<Result<worker::v1::GetStatsResponse>> FetchStats(Fleet& fleet);

// Of all; at most as many in all as it asks for.
asio::awaitable<Result<worker::v1::ListSessionsResponse>> ListSessions(
    Fleet& fleet, worker::v1::ListSessionsRequest request);
asio::awaitable<Result<worker::v1::CloseSessionsResponse>> CloseSessions(
    Fleet& fleet, worker::v1::CloseSessionsRequest request);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_PROXIES_H_
