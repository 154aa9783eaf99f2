#include "workers/system/keeper_protocol.h"

#include <charconv>

namespace aloha {
namespace {

// Takes "PREFIX" off the front.
bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool ConsumeNumber(std::string_view& text, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string EncodeReport(const KeeperReport& report) {
  switch (report.kind) {
    case KeeperReport::Kind::kReady:
      return "ready";
    case KeeperReport::Kind::kFailed:
      return "failed " + report.reason;
    case KeeperReport::Kind::kStarted:
      return "started " + std::to_string(report.pid);
    case KeeperReport::Kind::kEnded:
      return "ended " + std::to_string(report.pid) + " " + std::to_string(report.wait_status);
  }
  return {};
}

Result<KeeperReport> DecodeReport(std::string_view packet) {
  KeeperReport report;
  std::string_view rest = packet;
  if (rest == "ready") return report;
  if (Consume(rest, "failed ")) {
    report.kind = KeeperReport::Kind::kFailed;
    report.reason = rest;
    return report;
  }
  if (Consume(rest, "started ")) {
    report.kind = KeeperReport::Kind::kStarted;
    if (ConsumeNumber(rest, report.pid) && report.pid > 0 && rest.empty()) return report;
  }
  if (Consume(rest, "ended ")) {
    report.kind = KeeperReport::Kind::kEnded;
    if (ConsumeNumber(rest, report.pid) && report.pid > 0 && Consume(rest, " ") &&
        ConsumeNumber(rest, report.wait_status) && rest.empty()) {
      return report;
    }
  }
  return Fail(Code::kInvalidArgument, "keeper: not a report");
}

std::string EncodeStart(std::span<const std::string> arguments) {
  std::string packet = "start";
  for (const std::string& argument : arguments) packet += '\0' + argument;
  return packet;
}

Result<std::vector<std::string>> DecodeStart(std::string_view packet) {
  std::vector<std::string> arguments;
  if (!Consume(packet, "start") || (!packet.empty() && packet.front() != '\0')) {
    return Fail(Code::kInvalidArgument, "keeper: not a start");
  }
  while (!packet.empty()) {
    packet.remove_prefix(1);
    const std::string_view argument = packet.substr(0, packet.find('\0'));
    arguments.emplace_back(argument);
    packet.remove_prefix(argument.size());
  }
  return arguments;
}

}  // namespace aloha
