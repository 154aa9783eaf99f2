#include "wui/gateway/reflection_service.h"

#include "wui/gateway/schema.h"

namespace aloha::gateway {
namespace {

namespace v1 = grpc::reflection::v1alpha;
using Reactor = grpc::ServerBidiReactor<v1::ServerReflectionRequest, v1::ServerReflectionResponse>;

// One question after the other, once the supervisor knows who asks. Deletes itself.
class Conversation final : public Reactor {
 public:
  explicit Conversation(const Behalf& behalf) {
    behalf.Ask(
        [this](const grpc::Status& asked) { asked.ok() ? StartRead(&request_) : Finish(asked); });
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    response_ = Reflect(request_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override { ok ? StartRead(&request_) : Finish(grpc::Status::OK); }
  void OnDone() override { delete this; }

 private:
  v1::ServerReflectionRequest request_;
  v1::ServerReflectionResponse response_;
};

}  // namespace

Reactor* ReflectionService::ServerReflectionInfo(grpc::CallbackServerContext*) {
  return new Conversation(behalf_);
}

}  // namespace aloha::gateway
