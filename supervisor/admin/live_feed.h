// What the pages of the web interface show, in one stream each (aloha.admin.v1.Events/WatchAll).
// One look at the product, twice a second while a page is open, serves all of them; each gets what
// changed.
#ifndef ALOHA_SUPERVISOR_ADMIN_LIVE_FEED_H_
#define ALOHA_SUPERVISOR_ADMIN_LIVE_FEED_H_

#include <asio/awaitable.hpp>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "admin/v1/events.pb.h"
#include "supervisor/admin/handler.h"
#include "supervisor/admin/stream.h"

namespace aloha::supervisor {

// Control thread.
class LiveFeed {
 public:
  using Handle = std::shared_ptr<Stream<admin::v1::Live>::Handle>;

  explicit LiveFeed(AdminContext& context) : context_(context), stats_mutex_(context.loop) {}

  // Feeds the stream until its reader is gone.
  asio::awaitable<void> Follow(Handle stream, admin::v1::WatchAllRequest request);

 private:
  using Clock = std::chrono::steady_clock;
  using Kind = admin::v1::Live::ChangeCase;

  struct Reader {
    Handle stream;
    Clock::time_point last;  // something was sent
    bool behind = false;     // something was left out
  };
  // The newest of one kind.
  struct Part {
    admin::v1::Live live;
    std::string bytes;
    std::string essence;
    Clock::time_point looked;
  };

  asio::awaitable<void> Run();
  asio::awaitable<void> KeepBeating();
  asio::awaitable<void> Look();
  void LookAtStates();
  asio::awaitable<void> LookAtVirtualServices();
  asio::awaitable<void> LookAtNodes();
  // What is costly to look at is looked at when its `essence` changes, else each `pace`.
  bool IsDue(Kind kind, const std::string& essence, std::chrono::milliseconds pace) const;
  // Sends it to every reader, unless it is as it was.
  void Offer(admin::v1::Live live, std::string essence = {});
  void Beat();
  static void Send(Reader& reader, const admin::v1::Live& live);
  void SendAll(Reader& reader) const;
  // At most so old that no page sees the difference.
  asio::awaitable<admin::v1::StatsSnapshot> Stats();

  AdminContext& context_;
  std::list<std::shared_ptr<Reader>> readers_;
  std::map<Kind, Part> parts_;
  bool running_ = false, beating_ = false;
  AsyncMutex stats_mutex_;
  admin::v1::StatsSnapshot stats_;
  Clock::time_point stats_taken_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_LIVE_FEED_H_
