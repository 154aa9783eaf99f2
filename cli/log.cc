// alohactl log: the log lines of all processes.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/v1/admin.grpc.pb.h"
#include "cli/command.h"

namespace aloha::cli {
namespace {

using Stub = admin::Logs::Stub;

constexpr uint32_t kMaxBacklog = 1000;

struct Options {
  std::string service;
  uint32_t lines = 20;
  bool follow = false;
};

bool PrintLine(Output& output, const admin::LogLine& line) {
  if (output.StructuredLine(line)) return true;
  if (line.dropped() != 0) {
    output.err() << fmt::format("alohactl: {} lines were lost: this reader is slow\n",
                                line.dropped());
  }
  output.out() << fmt::format("{} {} {}: {}\n", LocalTime(line.time_us()), Printable(line.worker()),
                              Printable(line.level()), Printable(line.text()))
               << std::flush;
  return true;
}

grpc::Status Watch(Client& client, const Options& options, bool follow,
                   const std::function<bool(const admin::LogLine&)>& take) {
  admin::WatchLogRequest request;
  request.set_service(options.service);
  request.set_backlog(options.lines);
  request.set_follow(follow);
  return client.Watch<Stub, admin::WatchLogRequest, admin::LogLine>(&Stub::WatchLog, request,
                                                                    follow, take);
}

int Tail(Client& client, const Options& options) {
  // Kept lines come process by process, up to so many of each: they are put in order here.
  std::vector<admin::LogLine> lines;
  grpc::Status status = Watch(client, options, false, [&](const admin::LogLine& line) {
    lines.push_back(line);
    return true;
  });
  if (!status.ok()) return client.Report(status);
  std::map<std::string, int64_t> seen;  // newest line of each process
  for (const admin::LogLine& line : lines) seen[line.worker()] = line.time_us();
  std::stable_sort(
      lines.begin(), lines.end(),
      [](const admin::LogLine& a, const admin::LogLine& b) { return a.time_us() < b.time_us(); });
  for (size_t i = lines.size() - std::min<size_t>(lines.size(), options.lines); i < lines.size();
       ++i) {
    PrintLine(client.output(), lines[i]);
  }
  if (!options.follow) return kDone;
  // Asks for kept lines once more, so that none is lost between the two calls.
  status = Watch(client, options, true, [&](const admin::LogLine& line) {
    auto newest = seen.find(line.worker());
    const bool known = newest != seen.end() && line.time_us() <= newest->second;
    return known || PrintLine(client.output(), line);
  });
  return status.ok() ? kDone : client.Report(status);
}

void AddService(CLI::App* app, Options& options) {
  app->add_option("--service", options.service,
                  "Only this service (haproxy) or worker (proxy, supervisor)");
}

}  // namespace

void AddLog(Command& command) {
  CLI::App* noun =
      command.Noun("log", "Log lines of all processes", "alohactl log tail -f --service haproxy");
  auto all = std::make_shared<Options>(Options{.lines = kMaxBacklog});
  AddService(command.Verb(noun, "list", "Every line that is kept",
                          [all](Client& client) { return Tail(client, *all); }),
             *all);
  auto tail = std::make_shared<Options>();
  CLI::App* app = command.Verb(noun, "tail", "The newest lines",
                               [tail](Client& client) { return Tail(client, *tail); });
  AddService(app, *tail);
  app->add_option("--lines", tail->lines, "So many lines, at most 1000")
      ->check(CLI::Range(0U, kMaxBacklog))
      ->capture_default_str();
  app->add_flag("-f,--follow", tail->follow, "And what comes, until Ctrl-C");
}

}  // namespace aloha::cli
