// What one role's newest process streams to the supervisor, message by message on the control
// thread.
#ifndef ALOHA_SUPERVISOR_WORKER_FEED_H_
#define ALOHA_SUPERVISOR_WORKER_FEED_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "supervisor/process.h"

namespace aloha::supervisor {

template <typename Message>
class WorkerFeed {
 public:
  // heard: gets each message. ended: the process that was followed says no more, and no other is
  // followed yet; may be empty. Outlives all streams.
  WorkerFeed(asio::io_context& loop, std::function<void(Message)> heard,
             std::function<void()> ended = {})
      : loop_(loop), heard_(std::move(heard)), ended_(std::move(ended)) {}

  // Follows this process from now on, by a method of its gRPC service:
  // Follow<v1::Health>(process, &v1::Health::Stub::async::WatchTargets).
  template <typename Service, typename Stub, typename Request>
  void Follow(const std::shared_ptr<Process>& process,
              void (Stub::*method)(grpc::ClientContext*, const Request*,
                                   grpc::ClientReadReactor<Message>*)) {
    new Reader<Service, Request>(*this, ++following_, process, method);
  }

 private:
  // One stream; deletes itself when it ends.
  template <typename Service, typename Request>
  class Reader final : public grpc::ClientReadReactor<Message> {
   public:
    template <typename Method>
    Reader(WorkerFeed& feed, uint64_t number, std::shared_ptr<Process> process, Method method)
        : feed_(feed),
          number_(number),
          process_(std::move(process)),
          stub_(Service::NewStub(process_->channel)) {
      (stub_->async()->*method)(&context_, &request_, this);
      this->StartRead(&message_);
      this->StartCall();
    }

    void OnReadDone(bool ok) override {
      if (!ok) return;
      asio::post(feed_.loop_,
                 [&feed = feed_, number = number_, message = std::move(message_)]() mutable {
                   if (feed.following_ == number) feed.heard_(std::move(message));
                 });
      this->StartRead(&message_);
    }

    void OnDone(const grpc::Status&) override {
      // On the control thread: the channel must not be let go by a thread of its own.
      asio::post(feed_.loop_, [this] {
        if (feed_.following_ == number_ && feed_.ended_) feed_.ended_();
        delete this;
      });
    }

   private:
    WorkerFeed& feed_;
    const uint64_t number_;
    std::shared_ptr<Process> process_;
    std::unique_ptr<typename Service::Stub> stub_;
    grpc::ClientContext context_;
    Request request_;
    Message message_;
  };

  asio::io_context& loop_;
  const std::function<void(Message)> heard_;
  const std::function<void()> ended_;
  uint64_t following_ = 0;  // number of the newest stream
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_WORKER_FEED_H_
