// A server stream fed from the control thread. Messages wait in a bounded queue; a slow reader
// loses the oldest.
#ifndef ALOHA_SUPERVISOR_ADMIN_STREAM_H_
#define ALOHA_SUPERVISOR_ADMIN_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace aloha::supervisor {

// gRPC owns it: it deletes itself when the call is over. Feeders hold a Handle, which survives it.
template <typename Message>
class Stream final : public grpc::ServerWriteReactor<Message> {
 public:
  static constexpr size_t kMaxWaiting = 1'000;

  // What feeders hold. Any thread.
  class Handle {
   public:
    // False: the reader is gone.
    bool Send(Message message) {
      std::lock_guard lock(mutex_);
      if (stream_ == nullptr) return false;
      stream_->Enqueue(std::move(message));
      return true;
    }
    void End(grpc::Status status) {
      std::lock_guard lock(mutex_);
      if (stream_ != nullptr) stream_->Close(std::move(status));
    }
    bool alive() {
      std::lock_guard lock(mutex_);
      return stream_ != nullptr;
    }
    // Messages that the reader was too slow for yet.
    size_t waiting() {
      std::lock_guard lock(mutex_);
      return stream_ == nullptr ? 0 : stream_->waiting_.size();
    }
    // Messages lost since the last call.
    uint64_t TakeDropped() {
      std::lock_guard lock(mutex_);
      return stream_ == nullptr ? 0 : std::exchange(stream_->dropped_, 0);
    }

   private:
    friend class Stream;
    std::mutex mutex_;  // guards the whole stream
    Stream* stream_ = nullptr;
  };

  Stream() : handle_(std::make_shared<Handle>()) {
    handle_->stream_ = this;
    this->StartSendInitialMetadata();  // the reader knows at once that the stream stands
  }

  std::shared_ptr<Handle> handle() const { return handle_; }

  void OnWriteDone(bool ok) override {
    const auto handle = handle_;
    std::lock_guard lock(handle->mutex_);
    writing_ = false;
    if (!ok) return Close(grpc::Status::CANCELLED);
    WriteNext();
  }
  void OnCancel() override {
    const auto handle = handle_;
    std::lock_guard lock(handle->mutex_);
    Close(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    {
      const auto handle = handle_;
      std::lock_guard lock(handle->mutex_);
      handle->stream_ = nullptr;
    }
    delete this;
  }

 private:
  // All with the handle's mutex held.
  void Enqueue(Message message) {
    if (closed_) return;
    if (waiting_.size() >= kMaxWaiting) {
      waiting_.pop_front();
      ++dropped_;
    }
    waiting_.push_back(std::move(message));
    WriteNext();
  }
  void WriteNext() {
    if (writing_ || finished_) return;
    if (waiting_.empty()) {
      if (closed_) {
        finished_ = true;
        this->Finish(status_);
      }
      return;
    }
    message_ = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    this->StartWrite(&message_);
  }
  // What waits is still sent, unless the reader is gone.
  void Close(grpc::Status status) {
    if (closed_ && status.ok()) return;
    if (!status.ok()) waiting_.clear();
    if (!closed_) status_ = std::move(status);
    closed_ = true;
    WriteNext();
  }

  std::shared_ptr<Handle> handle_;
  std::deque<Message> waiting_;
  Message message_;  // being written
  bool writing_ = false;
  bool closed_ = false;
  bool finished_ = false;
  uint64_t dropped_ = 0;
  grpc::Status status_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_STREAM_H_
