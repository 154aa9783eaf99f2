#include "cli/names.h"

#include <fmt/format.h>

namespace aloha::cli {

using namespace ::aloha::admin::v1;  // NOLINT: this file is about nothing else

Cell StateCell(Service::State state) {
  switch (state) {
    case Service::OK:
      return {"OK", Color::kGood};
    case Service::NOK:
      return {"NOK", Color::kBad};
    case Service::NOT_IN_USE:
      return "not in use";
    default:
      return "unknown";
  }
}

Cell CheckCell(const Server& server) {
  const std::string stale = server.stale() ? " (stale)" : "";
  switch (server.check_state()) {
    case Server::UP:
      return {"UP" + stale, server.stale() ? Color::kWarning : Color::kGood};
    case Server::DOWN:
      return {"DOWN" + stale, Color::kBad};
    default:
      return {"UNKNOWN" + stale, Color::kWarning};
  }
}

Cell AdminCell(Server::AdminState state) {
  switch (state) {
    case Server::READY:
      return "READY";
    case Server::DRAIN:
      return {"DRAIN", Color::kWarning};
    case Server::MAINTENANCE:
      return {"MAINTENANCE", Color::kWarning};
    default:
      return "unknown";
  }
}

Cell WorkerCell(Worker::State state) {
  if (!Worker::State_IsValid(state) || state == Worker::STATE_UNSPECIFIED) return "unknown";
  Color color = Color::kWarning;
  if (state == Worker::RUNNING) color = Color::kGood;
  if (state == Worker::CRASH_LOOP) color = Color::kBad;
  if (state == Worker::STOPPED) color = Color::kNone;
  return {Worker::State_Name(state), color};
}

Cell SeverityCell(Event::Severity severity) {
  switch (severity) {
    case Event::WARNING:
      return {"warning", Color::kWarning};
    case Event::ERROR:
      return {"error", Color::kBad};
    default:
      return "info";
  }
}

bool IsDown(const Server& server) {
  return server.check_state() == Server::DOWN && server.admin_state() != Server::MAINTENANCE;
}

std::string AddressOf(const Server& server) {
  if (server.address().find(':') != std::string::npos) {
    return fmt::format("[{}]:{}", server.address(), server.port());
  }
  return fmt::format("{}:{}", server.address(), server.port());
}

}  // namespace aloha::cli
