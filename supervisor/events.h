// What happened, who did it. Kept in memory and, one line each, in the state folder; a full disk
// loses lines there, never the service.
#ifndef ALOHA_SUPERVISOR_EVENTS_H_
#define ALOHA_SUPERVISOR_EVENTS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "admin/v1/admin.pb.h"
#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

using admin::v1::Event;

class Events {
 public:
  static constexpr size_t kKept = 10'000;
  // Of these, refused calls: whoever has many of them does not bury the rest.
  static constexpr size_t kKeptRefused = 1'000;

  // path: the file; empty: memory alone. Reads back what an earlier supervisor wrote.
  Events(Log& log, std::string path);

  // Something the supervisor did or saw by itself. Answers the event as kept; valid until the next
  // Add.
  const Event& Add(Event::Severity severity, std::string_view subject, std::string_view object,
                   std::string text) {
    return Add(severity, subject, object, std::move(text), "supervisor");
  }
  // Something `actor` asked for.
  const Event& Add(Event::Severity severity, std::string_view subject, std::string_view object,
                   std::string text, std::string_view actor, std::string_view method = {},
                   bool refused = false);

  // Oldest first.
  const std::deque<Event>& all() const { return events_; }

  // Called for every new event until the handle goes.
  std::shared_ptr<void> Watch(std::function<void(const Event&)> watcher);

 private:
  void Load();
  void Push(Event event);
  void Append(const Event& event);
  void Rewrite();

  Log& log_;
  const std::string path_;
  UniqueFd file_;
  size_t lines_ = 0;  // in the file
  std::deque<Event> events_;
  size_t refused_ = 0;  // of them
  uint64_t next_id_ = 1;
  std::list<std::weak_ptr<std::function<void(const Event&)>>> watchers_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_EVENTS_H_
