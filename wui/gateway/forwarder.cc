#include "wui/gateway/forwarder.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace aloha::gateway {
namespace {

// Metadata of this connection, not of the call; and what nobody may say of himself.
bool StaysHere(std::string_view name) {
  for (const std::string_view prefix : {"aloha-", "grpc-", ":"}) {
    if (name.starts_with(prefix)) return true;
  }
  return name == "user-agent" || name == "authorization" || name == "te" ||
         name == "content-type" || name == "host";
}

// One call. `in` is the side of the caller, `out` the one that is called. Messages go one at a time
// in each direction, so nothing gathers here.
//
// gRPC wants operations on `out` that are begun outside its own reactions covered by a hold; it is
// taken at the start and let go when `out` has nothing more to read, after which nothing is begun
// there.
class ForwardedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit ForwardedCall(grpc::GenericCallbackServerContext* context) : context_(context) {}

  void Begin(RouteOrStatus route) {
    if (!Prepare(route)) return Finish(route.error());
    // The last that is done here: the call may have ended before it returns.
    out_->StartCall();
  }

  // The caller's side.
  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (out_ended_) return;
    if (ok) {
      out_->StartWrite(&from_in_);
    } else {
      out_->StartWritesDone();
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) out_context_.TryCancel();
    out_->StartRead(&from_out_);
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (begun_) out_context_.TryCancel();
  }

  void OnDone() override { delete this; }

 private:
  class Out final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit Out(ForwardedCall& call) : call_(call) {}

    void OnWriteDone(bool ok) override {
      if (ok) call_.StartRead(&call_.from_in_);
    }

    // A stream that has nothing to say yet stands.
    void OnReadInitialMetadataDone(bool ok) override {
      if (!ok) return;
      const std::lock_guard lock(call_.mutex_);
      if (!std::exchange(call_.greeted_, true)) call_.StartSendInitialMetadata();
    }

    void OnReadDone(bool ok) override {
      if (ok) {
        const std::lock_guard lock(call_.mutex_);
        call_.greeted_ = true;  // the message brings it
        return call_.StartWrite(&call_.from_out_);
      }
      {
        const std::lock_guard lock(call_.mutex_);
        call_.out_ended_ = true;
      }
      RemoveHold();
    }

    // The last that happens here; what follows may delete the call.
    void OnDone(const grpc::Status& status) override { call_.FinishAs(status); }

   private:
    ForwardedCall& call_;
  };

  // Nothing goes out before StartCall; until then gRPC keeps what is begun.
  bool Prepare(RouteOrStatus& route) {
    const std::lock_guard lock(mutex_);
    if (cancelled_) route = tl::make_unexpected(grpc::Status::CANCELLED);
    if (!route) return false;
    for (const auto& [name, value] : context_->client_metadata()) {
      const std::string_view text(name.data(), name.size());
      if (StaysHere(text)) continue;
      out_context_.AddMetadata(std::string(text), std::string(value.data(), value.size()));
    }
    for (const auto& [name, value] : route->metadata) out_context_.AddMetadata(name, value);
    out_context_.set_deadline(context_->deadline());
    ended_ = std::move(route->ended);
    out_.emplace(*this);
    grpc::GenericStub(std::move(route->channel))
        .PrepareBidiStreamingCall(&out_context_, context_->method(), {}, &*out_);
    out_->AddHold();
    out_->StartRead(&from_out_);
    begun_ = true;
    StartRead(&from_in_);
    return true;
  }

  void FinishAs(const grpc::Status& status) {
    if (ended_) ended_(status);
    for (const auto& [name, value] : out_context_.GetServerTrailingMetadata()) {
      const std::string_view text(name.data(), name.size());
      if (StaysHere(text)) continue;
      context_->AddTrailingMetadata(std::string(text), std::string(value.data(), value.size()));
    }
    Finish(status);
  }

  grpc::GenericCallbackServerContext* const context_;
  grpc::ClientContext out_context_;
  std::optional<Out> out_;
  std::function<void(const grpc::Status&)> ended_;
  grpc::ByteBuffer from_in_, from_out_;
  std::mutex mutex_;
  bool begun_ = false, cancelled_ = false;
  bool greeted_ = false;    // initial metadata went to the caller
  bool out_ended_ = false;  // nothing is begun there any more
};

}  // namespace

grpc::ServerGenericBidiReactor* Forwarder::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  auto* call = new ForwardedCall(context);
  CallHead head{context->method(), {}};
  if (const auto found = context->client_metadata().find("authorization");
      found != context->client_metadata().end())
    head.authorization.assign(found->second.data(), found->second.size());
  find_(head, [call](RouteOrStatus route) { call->Begin(std::move(route)); });
  return call;
}

}  // namespace aloha::gateway
