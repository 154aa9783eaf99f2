#include "supervisor/checks.h"

#include <fmt/format.h>

#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

std::string_view StateName(v1::CheckState state) {
  switch (state) {
    case v1::CHECK_STATE_UP:
      return "UP";
    case v1::CHECK_STATE_DOWN:
      return "DOWN";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

Checks::Checks(asio::io_context& loop, Events& events)
    : events_(events),
      feed_(
          loop, [this](const v1::TargetStates& states) { Update(states); },
          [this] { stale_ = true; }) {}

void Checks::Follow(const std::shared_ptr<Process>& health) {
  feed_.Follow<v1::Health>(health, &v1::Health::Stub::async::WatchTargets);
}

void Checks::Update(const v1::TargetStates& states) {
  stale_ = false;
  for (const v1::TargetState& state : states.targets()) {
    v1::TargetState& known = states_[{state.service(), state.server()}];
    const v1::CheckState before = known.state();
    known = state;
    const bool news =
        before != state.state() && state.state() != v1::CHECK_STATE_UNKNOWN &&
        !(before == v1::CHECK_STATE_UNSPECIFIED && state.state() == v1::CHECK_STATE_UP);
    if (!news) continue;
    events_.Add(state.state() == v1::CHECK_STATE_DOWN ? Event::WARNING : Event::INFO, "check",
                fmt::format("{}/{}", state.service(), state.server()),
                fmt::format("{}: {}", StateName(state.state()), state.reason()));
  }
}

const v1::TargetState* Checks::Find(const std::string& service, const std::string& server) const {
  const auto found = states_.find({service, server});
  return found == states_.end() ? nullptr : &found->second;
}

}  // namespace aloha::supervisor
