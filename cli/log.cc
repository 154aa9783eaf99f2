// alohactl log: the log lines of all processes.
#include <fmt/format.h>

#include <memory>

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

int Tail(Client& client, const Options& options) {
  admin::WatchLogRequest request;
  request.set_service(options.service);
  request.set_backlog(options.lines);
  request.set_follow(options.follow);
  grpc::Status status = client.Watch<Stub, admin::WatchLogRequest, admin::LogLine>(
      &Stub::WatchLog, request, options.follow,
      [&](const admin::LogLine& line) { return PrintLine(client.output(), line); });
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
