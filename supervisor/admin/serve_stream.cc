#include "supervisor/admin/serve_stream.h"

namespace aloha::supervisor {
namespace {

constexpr std::chrono::seconds kLook{1};

// Ends the stream when its reader may no longer read it.
asio::awaitable<void> Guard(AdminContext& context, CallKind kind, CallSource source, Caller caller,
                            OpenStream stream) {
  const Identity begun = caller.identity;
  while (stream.alive()) {
    co_await Sleep(kLook);
    const Result<> may = Admit(context, kind, source, false, &caller);
    if (may) continue;
    stream.end(ToAdminStatus(may, caller));
    break;
  }
  context.access.EndStream(begun);
}

}  // namespace

Result<> BeginStream(AdminContext& context, CallKind kind, CallSource source, Caller& caller,
                     OpenStream stream) {
  Result<> begun = Admit(context, kind, source, true, &caller);
  const bool from_elsewhere =
      source.connection.brings != ManagementSocket::Brings::kNone && !caller.identity.local;
  if (begun && from_elsewhere && !context.access.BeginStream(caller.identity))
    begun = Fail(Code::kResourceExhausted, "too many streams at a time; close some pages");
  if (!begun) {
    Audit(context, caller, kind, begun);
    return begun;
  }
  if (from_elsewhere)
    Spawn(context.loop, Guard(context, kind, std::move(source), caller, std::move(stream)));
  return begun;
}

}  // namespace aloha::supervisor
