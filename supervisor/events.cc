#include "supervisor/events.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace aloha::supervisor {
namespace {

int64_t NowMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

LogLevel LevelOf(Event::Severity severity) {
  return severity == Event::ERROR     ? LogLevel::kError
         : severity == Event::WARNING ? LogLevel::kWarning
                                      : LogLevel::kInfo;
}

}  // namespace

Events::Events(Log& log, std::string path) : log_(log), path_(std::move(path)) {
  if (path_.empty()) return;
  Load();
  file_.reset(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file_)
    log_.Warning(
        fmt::format("{}: {}; events are kept in memory alone", path_, std::strerror(errno)));
}

void Events::Load() {
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    ++lines_;
    Event event;
    // A torn last line is what a crash leaves; it is passed over.
    if (!google::protobuf::util::JsonStringToMessage(line, &event).ok()) continue;
    next_id_ = std::max(next_id_, event.id() + 1);
    Push(std::move(event));
  }
}

void Events::Push(Event event) {
  if (event.refused() && ++refused_ > kKeptRefused) {
    events_.erase(std::find_if(events_.begin(), events_.end(),
                               [](const Event& old) { return old.refused(); }));
    --refused_;
  }
  events_.push_back(std::move(event));
  if (events_.size() <= kKept) return;
  if (events_.front().refused()) --refused_;
  events_.pop_front();
}

const Event& Events::Add(Event::Severity severity, std::string_view subject,
                         std::string_view object, std::string text, std::string_view actor,
                         std::string_view method, bool refused) {
  Event event;
  event.set_id(next_id_++);
  event.set_time_us(NowMicroseconds());
  event.set_severity(severity);
  event.set_subject(std::string(subject));
  event.set_object(EscapeForLog(object));
  event.set_text(EscapeForLog(text));
  event.set_actor(std::string(actor));
  event.set_method(std::string(method));
  event.set_refused(refused);
  const std::string by = actor == "supervisor" ? "" : fmt::format(" (by {})", actor);
  log_.Write(LevelOf(severity),
             fmt::format("{} {}: {}{}", event.subject(), event.object(), event.text(), by));
  Append(event);
  Push(std::move(event));
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    if (const auto watcher = it->lock()) {
      (*watcher)(events_.back());
      ++it;
    } else {
      it = watchers_.erase(it);
    }
  }
  return events_.back();
}

void Events::Append(const Event& event) {
  if (!file_) return;
  std::string line;
  if (!google::protobuf::util::MessageToJsonString(event, &line).ok()) return;
  line += '\n';
  if (write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    log_.Warning(
        fmt::format("{}: event {} was not written: {}", path_, event.id(), std::strerror(errno)));
  }
  if (++lines_ > 2 * kKept) Rewrite();
}

// Keeps the file bounded: what memory holds replaces it.
void Events::Rewrite() {
  const std::string fresh = path_ + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  for (const Event& event : events_) {
    std::string line;
    if (google::protobuf::util::MessageToJsonString(event, &line).ok()) out << line << '\n';
  }
  out.close();
  if (!out || rename(fresh.c_str(), path_.c_str()) != 0) return;
  chmod(path_.c_str(), 0600);
  lines_ = events_.size();
  file_.reset(open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
}

std::shared_ptr<void> Events::Watch(std::function<void(const Event&)> watcher) {
  auto handle = std::make_shared<std::function<void(const Event&)>>(std::move(watcher));
  watchers_.push_back(handle);
  return handle;
}

}  // namespace aloha::supervisor
