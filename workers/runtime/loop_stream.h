// A server stream that lives on the control thread. At most one message is on its way; what there
// is to say meanwhile waits with whoever derives from it.
#ifndef ALOHA_WORKERS_RUNTIME_LOOP_STREAM_H_
#define ALOHA_WORKERS_RUNTIME_LOOP_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <utility>

namespace aloha {

// gRPC's callbacks only post to the loop, and since OnDone is the last of them, what it posts may
// delete: a stream deletes itself, on the loop, when the call is over.
template <typename Message>
class LoopStream : public grpc::ServerWriteReactor<Message> {
 public:
  void OnWriteDone(bool ok) final {
    asio::post(loop_, [this, ok] {
      writing_ = false;
      ok ? Flush() : End();
    });
  }

  void OnCancel() final {
    asio::post(loop_, [this] { End(); });
  }

  void OnDone() final {
    asio::post(loop_, [this] { delete this; });
  }

 protected:
  // Called on one of gRPC's threads; what the loop owns is for Begin.
  explicit LoopStream(asio::io_context& loop) : loop_(loop) {}
  ~LoopStream() override = default;

  // Has Begin called on the loop. The last act of the most derived constructor: the loop may be
  // there at once.
  void Start() {
    asio::post(loop_, [this] { Begin(); });
  }

  // The stream stands.
  virtual void Begin() = 0;
  // Fills in what is to be said next; false: nothing now.
  virtual bool Next(Message& message) = 0;

  // Sends what there is to say, now or when the message before is gone.
  void Flush() {
    if (writing_ || ended_ || !Next(message_)) return;
    writing_ = true;
    this->StartWrite(&message_);
  }

 private:
  void End() {
    if (std::exchange(ended_, true)) return;
    this->Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the watcher left"));
  }

  asio::io_context& loop_;
  Message message_;  // on its way while writing_
  bool writing_ = false;
  bool ended_ = false;
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_LOOP_STREAM_H_
