#include "wui/gateway/health_service.h"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "wui/gateway/schema.h"

namespace aloha::gateway {
namespace {

namespace v1 = grpc::health::v1;
using Response = v1::HealthCheckResponse;

constexpr std::chrono::seconds kLookup{1};

// The supervisor answered; whom it refuses is told so instead.
Response::ServingStatus StateOf(const grpc::Status& asked) {
  return asked.ok() ? Response::SERVING : Response::NOT_SERVING;
}

bool IsRefusal(const grpc::Status& asked) {
  return asked.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
         asked.error_code() == grpc::StatusCode::PERMISSION_DENIED;
}

// Lives on the loop; deletes itself when the call is over.
class Watcher final : public grpc::ServerWriteReactor<Response> {
 public:
  Watcher(asio::io_context& loop, const Behalf& behalf, const std::string& service)
      : loop_(loop), timer_(loop), behalf_(behalf), known_(KnowsService(service)) {
    behalf_.Ask(
        [this](const grpc::Status& asked) { asio::post(loop_, [this, asked] { Begin(asked); }); });
  }

  void OnWriteDone(bool ok) override {
    asio::post(loop_, [this, ok] {
      writing_ = false;
      ok ? Look() : End(grpc::Status::CANCELLED);
    });
  }
  void OnCancel() override {
    asio::post(loop_, [this] { End(grpc::Status::CANCELLED); });
  }
  void OnDone() override {
    asio::post(loop_, [this] { delete this; });
  }

 private:
  void Begin(const grpc::Status& asked) {
    if (IsRefusal(asked)) return End(asked);
    Look();
  }

  // Tells the state where it differs from what was told last, and looks again.
  void Look() {
    if (ended_ || writing_) return;
    const auto state = !known_           ? Response::SERVICE_UNKNOWN
                       : behalf_.Works() ? Response::SERVING
                                         : Response::NOT_SERVING;
    if (told_ != state) {
      told_ = state;
      response_.set_status(state);
      writing_ = true;
      return StartWrite(&response_);
    }
    timer_.expires_after(kLookup);
    // Once it has ended it waits no more, so this never comes after OnDone.
    timer_.async_wait([this](const asio::error_code& stopped) {
      if (!stopped) Look();
    });
  }

  void End(const grpc::Status& status) {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    Finish(status);
  }

  asio::io_context& loop_;
  asio::steady_timer timer_;
  const Behalf& behalf_;
  const bool known_;
  std::optional<Response::ServingStatus> told_;
  Response response_;
  bool writing_ = false, ended_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* call,
                                               const v1::HealthCheckRequest* request,
                                               Response* response) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  behalf_.Ask(
      [reactor, response, known = KnowsService(request->service())](const grpc::Status& asked) {
        if (IsRefusal(asked)) return reactor->Finish(asked);
        if (!known) return reactor->Finish({grpc::StatusCode::NOT_FOUND, "no such service"});
        response->set_status(StateOf(asked));
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

grpc::ServerWriteReactor<Response>* HealthService::Watch(grpc::CallbackServerContext*,
                                                         const v1::HealthCheckRequest* request) {
  return new Watcher(loop_, behalf_, request->service());
}

}  // namespace aloha::gateway
