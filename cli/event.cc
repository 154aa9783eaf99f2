// alohactl event: what happened, and who did it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "admin/v1/admin.pb.h"
#include "admin/v1/events.grpc.pb.h"
#include "cli/command.h"
#include "cli/names.h"

namespace aloha::cli {
namespace {

using Stub = admin::Events::Stub;

constexpr uint32_t kMaxBacklog = 1000;

struct Options {
  std::string subject;
  std::string
      service;  // also matched here: "haproxy" in subject, object, or the part of it before "/"
  uint32_t lines = 0;
  bool follow = false;
};

bool Matches(const admin::Event& event, const std::string& service) {
  return service.empty() || event.subject() == service || event.object() == service ||
         event.object().starts_with(service + "/");
}

// The newest `options.lines` events that match, newest first.
Reply<admin::ListEventsResponse> Newest(Client& client, const Options& options) {
  admin::ListEventsRequest request;
  request.set_subject(options.subject);
  request.set_page_size(static_cast<int32_t>(std::min(options.lines, kMaxBacklog)));
  admin::ListEventsResponse newest;
  do {
    auto page = client.Call(&Stub::ListEvents, request);
    if (!page) return page;
    for (const admin::Event& event : page->events()) {
      if (newest.events_size() == static_cast<int>(options.lines)) break;
      if (Matches(event, options.service)) *newest.add_events() = event;
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && newest.events_size() < static_cast<int>(options.lines));
  return newest;
}

int List(Client& client, const Options& options) {
  auto reply = Newest(client, options);
  if (!reply) return client.Report(reply.error());
  Output& output = client.output();
  if (output.Structured(*reply)) return kDone;
  Table table({"TIME", "SEVERITY", "SUBJECT", "OBJECT", "WHO", "WHAT"});
  for (const admin::Event& event : reply->events()) {
    table.Add({LocalTime(event.time_us()), SeverityCell(event.severity()), event.subject(),
               event.object(), event.actor(), event.text()});
  }
  output.Write(table, "No events match.");
  return kDone;
}

bool PrintLine(Output& output, const admin::Event& event) {
  if (output.StructuredLine(event)) return true;
  std::string what = event.subject() + (event.object().empty() ? "" : " " + event.object());
  output.out() << fmt::format("{} {:<7} {}: {} ({})\n", LocalTime(event.time_us()),
                              SeverityCell(event.severity()).text, Printable(what),
                              Printable(event.text()), Printable(event.actor()))
               << std::flush;
  return true;
}

int Tail(Client& client, const Options& options) {
  Output& output = client.output();
  if (!options.follow) {
    auto reply = Newest(client, options);
    if (!reply) return client.Report(reply.error());
    for (int i = reply->events_size(); i-- > 0;) PrintLine(output, reply->events(i));
    return kDone;
  }
  admin::WatchEventsRequest request;
  request.set_subject(options.subject);
  request.set_backlog(options.lines);
  grpc::Status status = client.Watch<Stub, admin::WatchEventsRequest, admin::Event>(
      &Stub::WatchEvents, request, true, [&](const admin::Event& event) {
        return !Matches(event, options.service) || PrintLine(output, event);
      });
  return status.ok() ? kDone : client.Report(status);
}

std::shared_ptr<Options> AddOptions(CLI::App* app, std::shared_ptr<Options> options) {
  app->add_option("--service", options->service, "Only about this service, worker or object");
  app->add_option(
      "--subject", options->subject,
      "Only this kind: service, worker, config, server, check, session, certificate, network, "
      "vrrp, node, sync, user, token, audit");
  app->add_option("--lines", options->lines, "The newest so many")
      ->check(CLI::Range(1U, kMaxBacklog))
      ->capture_default_str();
  return options;
}

}  // namespace

void AddEvent(Command& command) {
  CLI::App* noun = command.Noun("event", "What happened, and who did it",
                                "alohactl event tail -f --subject server");
  auto list = std::make_shared<Options>(Options{.lines = 100});
  AddOptions(command.Verb(noun, "list", "Newest first",
                          [list](Client& client) { return List(client, *list); }),
             list);
  auto tail = std::make_shared<Options>(Options{.lines = 10});
  CLI::App* app = command.Verb(noun, "tail", "The newest, oldest first",
                               [tail](Client& client) { return Tail(client, *tail); });
  AddOptions(app, tail);
  app->add_flag("-f,--follow", tail->follow, "And what comes, until Ctrl-C");
}

}  // namespace aloha::cli
