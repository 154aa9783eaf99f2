// Who may do what through the management API.
#ifndef ALOHA_SUPERVISOR_RIGHTS_H_
#define ALOHA_SUPERVISOR_RIGHTS_H_

namespace aloha::supervisor {

// What a caller may do; each includes those before it.
enum class Rights {
  kNone,      // nothing but to sign in
  kMonitor,   // read
  kOperator,  // services, workers, servers, sessions, persistence
  kAdmin,     // everything
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_RIGHTS_H_
