#include "wui/server/backend.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <asio/post.hpp>
#include <utility>
#include <vector>

#include "wui/server/methods.h"

namespace aloha::wui {
namespace {

constexpr char kSession[] = "aloha-session", kMaxAge[] = "aloha-session-max-age";

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return fmt::format("/{}/{}", std::string(method.service()->full_name()),
                     std::string(method.name()));
}

void Prepare(const BackendCall& call, grpc::ClientContext& context) {
  for (const auto& [name, value] : call.metadata) context.AddMetadata(name, value);
  auto timeout = call.timeout;
  if (!timeout && !call.method->server_streaming()) timeout = Backend::kUnaryTime;
  if (timeout)
    context.set_deadline(std::chrono::system_clock::now() + std::min(*timeout, Backend::kLongest));
}

Ending EndingOf(const grpc::ClientContext& context, grpc::Status status) {
  Ending ending{std::move(status), {}, {}};
  const auto& trailer = context.GetServerTrailingMetadata();
  const auto session = trailer.find(kSession), max_age = trailer.find(kMaxAge);
  if (session != trailer.end())
    ending.session = std::string(session->second.data(), session->second.size());
  if (max_age != trailer.end())
    ending.session_max_age_s = std::string(max_age->second.data(), max_age->second.size());
  return ending;
}

// What belongs to one call; gRPC keeps it until it is over.
struct UnaryState {
  BackendCall call;
  grpc::ClientContext context;
  grpc::ByteBuffer request, response;
  Backend::OnAnswer done;  // empty: nobody wants to know. Control thread
};

class UnaryCall final : public Backend::Running {
 public:
  UnaryCall(asio::io_context& loop, const std::shared_ptr<grpc::Channel>& channel, BackendCall call,
            Backend::OnAnswer done)
      : state_(std::make_shared<UnaryState>()) {
    state_->call = std::move(call);
    state_->done = std::move(done);
    state_->request = ToBuffer(state_->call.request);
    Prepare(state_->call, state_->context);
    grpc::GenericStub(channel).UnaryCall(
        &state_->context, PathOf(*state_->call.method), {}, &state_->request, &state_->response,
        // Let go on the loop: it may be the last to hold the channel, which must not end in a
        // thread of its own.
        [state = state_, &loop](grpc::Status status) mutable {
          asio::post(loop, [state = std::move(state), status = std::move(status)] {
            Tell(*state, status);
          });
        });
  }
  ~UnaryCall() override {
    if (!state_->done) return;  // it is over
    state_->done = {};
    state_->context.TryCancel();
  }

 private:
  static void Tell(UnaryState& state, const grpc::Status& status) {
    const auto done = std::exchange(state.done, {});
    if (!done) return;
    Ending ending = EndingOf(state.context, status);
    Result<std::string> json;
    if (status.ok()) json = ToJson(*state.call.method->output_type(), ToBytes(state.response));
    if (!json) ending.status = {grpc::StatusCode::INTERNAL, json.error().message};
    done(json ? std::move(*json) : "", ending);
  }

  const std::shared_ptr<UnaryState> state_;
};

// A stream as gRPC sees it. It keeps itself until it is over.
//
// gRPC wants operations that are begun outside its own reactions covered by a hold; it is taken at
// the start and let go when there is nothing more to read, after which nothing is begun.
class StreamState final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                          public std::enable_shared_from_this<StreamState> {
 public:
  StreamState(asio::io_context& loop, BackendCall call, Backend::OnMessage message,
              Backend::OnEnd end)
      : message_(std::move(message)), end_(std::move(end)), loop_(loop), call_(std::move(call)) {}

  void Start(const std::shared_ptr<grpc::Channel>& channel) {
    self_ = shared_from_this();
    request_ = ToBuffer(call_.request);
    Prepare(call_, context_);
    grpc::GenericStub(channel).PrepareBidiStreamingCall(&context_, PathOf(*call_.method), {}, this);
    AddHold();
    StartWriteLast(&request_, {});
    StartRead(&response_);
    StartCall();
  }

  // Control thread from here on, but for the reactions.
  void Next() {
    if (!waits_) return;
    waits_ = false;
    StartRead(&response_);
  }
  void Cancel() {
    if (!end_) return;  // it is over
    message_ = {};
    end_ = {};
    context_.TryCancel();
    Next();  // fails, which ends it
  }

  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    asio::post(loop_, [self = self_] { self->Deliver(); });
  }
  void OnDone(const grpc::Status& status) override {
    asio::post(loop_, [self = std::exchange(self_, {}), status] {
      const auto end = std::exchange(self->end_, {});  // which lets the call go
      if (end) end(EndingOf(self->context_, status));
    });
  }

 private:
  void Deliver() {
    waits_ = true;
    if (!message_) return Next();
    auto json = ToJson(*call_.method->output_type(), ToBytes(response_));
    if (json) {
      const auto message = message_;  // which may cancel the call, and with it itself
      return message(std::move(*json));
    }
    const auto end = end_;
    Cancel();
    if (end) end({{grpc::StatusCode::INTERNAL, json.error().message}, {}, {}});
  }

  Backend::OnMessage message_;
  Backend::OnEnd end_;
  asio::io_context& loop_;
  const BackendCall call_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_, response_;
  bool waits_ = false;  // no read is under way, and more may come
  std::shared_ptr<StreamState> self_;
};

class StreamCall final : public Backend::Running {
 public:
  explicit StreamCall(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~StreamCall() override { state_->Cancel(); }
  void Next() override { state_->Next(); }

 private:
  const std::shared_ptr<StreamState> state_;
};

}  // namespace

std::unique_ptr<Backend::Running> Backend::Call(BackendCall call, OnAnswer done) {
  if (!channel_) return nullptr;
  return std::make_unique<UnaryCall>(loop_, channel_, std::move(call), std::move(done));
}

std::unique_ptr<Backend::Running> Backend::Stream(BackendCall call, OnMessage message, OnEnd end) {
  if (!channel_) return nullptr;
  auto state =
      std::make_shared<StreamState>(loop_, std::move(call), std::move(message), std::move(end));
  state->Start(channel_);
  return std::make_unique<StreamCall>(std::move(state));
}

}  // namespace aloha::wui
