#include "supervisor/remote_watch.h"

#include <fmt/format.h>

#include <string>

namespace aloha::supervisor {
namespace v1 = worker::v1;

RemoteWatch::RemoteWatch(asio::io_context& loop, Events& events)
    : events_(events), feed_(loop, [this](const v1::Refusal& refusal) { Hear(refusal); }) {}

void RemoteWatch::Follow(const std::shared_ptr<Process>& process) {
  feed_.Follow<v1::Remote>(process, &v1::Remote::Stub::async::WatchRefusals);
}

// The worker that says it reads what strangers send.
void RemoteWatch::Hear(const v1::Refusal& refusal) {
  const std::string address = EscapeForLog(refusal.address()).substr(0, 64);
  const std::string subject = EscapeForLog(refusal.subject()).substr(0, 256);
  std::string text = fmt::format("refused a client at {}: {}", address,
                                 EscapeForLog(refusal.text()).substr(0, 256));
  if (refusal.untold() > 0) text += fmt::format("; {} more before it", refusal.untold());
  events_.Add(Event::WARNING, "audit", "management.grpc", std::move(text),
              subject.empty() ? address : subject, "", true);
}

}  // namespace aloha::supervisor
