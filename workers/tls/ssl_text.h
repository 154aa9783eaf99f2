// What BoringSSL's error queue says, as text for the log and as a reason for the counters.
#ifndef ALOHA_WORKERS_TLS_SSL_TEXT_H_
#define ALOHA_WORKERS_TLS_SSL_TEXT_H_

#include <string>

#include "workers/tls/handshake_stats.h"

namespace aloha::tls {

// "no shared cipher" from NO_SHARED_CIPHER, of the first error in this thread's queue, and what was
// added to it.
std::string QueuedErrorText();
// Of the same error.
Failure QueuedFailure();

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_SSL_TEXT_H_
