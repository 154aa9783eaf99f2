// Remote administrators whom aloha-gateway turned away: each becomes an event.
#ifndef ALOHA_SUPERVISOR_REMOTE_WATCH_H_
#define ALOHA_SUPERVISOR_REMOTE_WATCH_H_

#include <asio/io_context.hpp>
#include <memory>

#include "supervisor/events.h"
#include "supervisor/worker_feed.h"
#include "worker/v1/remote.grpc.pb.h"

namespace aloha::supervisor {

// Control thread.
class RemoteWatch {
 public:
  // events outlives it.
  RemoteWatch(asio::io_context& loop, Events& events);

  // A process of aloha-gateway was equipped.
  void Follow(const std::shared_ptr<Process>& process);

 private:
  void Hear(const worker::v1::Refusal& refusal);

  Events& events_;
  WorkerFeed<worker::v1::Refusal> feed_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_REMOTE_WATCH_H_
