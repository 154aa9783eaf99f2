// What an administrator is told of licences, as events.
#ifndef ALOHA_SUPERVISOR_LICENSES_WATCH_H_
#define ALOHA_SUPERVISOR_LICENSES_WATCH_H_

#include <asio/awaitable.hpp>

#include "supervisor/events.h"
#include "supervisor/licenses/licenses.h"

namespace aloha::supervisor {

// Licenses::Load; tells what cannot be used.
void LoadLicenses(Licenses& licenses, Events& events);

// Tells now what Licenses::WarningAt says, unless it was told before.
void TellLicensing(const Licenses& licenses, Events& events);

// Again and again; does not end.
asio::awaitable<void> WatchLicenses(const Licenses& licenses, Events& events);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_LICENSES_WATCH_H_
