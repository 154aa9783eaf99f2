#include "wui/gateway/behalf.h"

#include <grpcpp/client_context.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include "admin/v1/admin.grpc.pb.h"

namespace aloha::gateway {
namespace {

constexpr std::string_view kAdminMethods = "/aloha.admin.v1.";
constexpr std::chrono::seconds kAskTimeout{5};
constexpr size_t kMaxToken = 512;

grpc::Status NoSupervisor() {
  return {grpc::StatusCode::UNAVAILABLE, "no supervisor runs on that node"};
}

// What came with a question; deleted when it was answered.
struct Question {
  std::unique_ptr<admin::v1::Services::Stub> stub;
  grpc::ClientContext context;
  admin::v1::ListServicesRequest request;
  admin::v1::ListServicesResponse response;
  std::function<void(const grpc::Status&)> done;
};

}  // namespace

void SupervisorChannel::Set(std::shared_ptr<grpc::Channel> channel, UniqueFd life) {
  const std::lock_guard lock(mutex_);
  channel_ = std::move(channel);
  life_ = std::move(life);
}

std::shared_ptr<grpc::Channel> SupervisorChannel::Get() const {
  const std::lock_guard lock(mutex_);
  return channel_;
}

bool SupervisorChannel::Works() const {
  const std::lock_guard lock(mutex_);
  pollfd end{.fd = life_.get(), .events = POLLRDHUP, .revents = 0};
  return life_ && poll(&end, 1, 0) == 0;
}

std::vector<std::pair<std::string, std::string>> Behalf::Metadata() const {
  return {{"aloha-subject", subject_}, {"aloha-address", address_}};
}

RouteOrStatus Behalf::RouteOf(const CallHead& call) const {
  if (!call.method.starts_with(kAdminMethods)) {
    return tl::make_unexpected(grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                                            "only aloha.admin.v1, grpc.health.v1 and "
                                            "grpc.reflection.v1alpha are served here"));
  }
  Route route{supervisor_.Get(), Metadata()};
  if (!supervisor_.Works()) return tl::make_unexpected(NoSupervisor());
  if (!call.authorization.empty()) {
    const std::string_view token = BearerToken(call.authorization);
    if (token.empty()) {
      return tl::make_unexpected(grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                              "authorization: write it as \"Bearer TOKEN\""));
    }
    route.metadata.emplace_back("aloha-token", token);
  }
  return route;
}

void Behalf::Ask(std::function<void(const grpc::Status&)> done) const {
  auto channel = supervisor_.Get();
  if (!supervisor_.Works()) return done(NoSupervisor());
  auto question = std::make_shared<Question>();
  question->stub = admin::v1::Services::NewStub(channel);
  question->done = std::move(done);
  question->context.set_deadline(std::chrono::system_clock::now() + kAskTimeout);
  for (const auto& [name, value] : Metadata()) question->context.AddMetadata(name, value);
  question->stub->async()->ListServices(
      &question->context, &question->request, &question->response,
      [question](const grpc::Status& status) { question->done(status); });
}

std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  const bool bearer = std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                                 [](char lower, char any) { return lower == (any | 0x20); });
  const std::string_view token = authorization.substr(kScheme.size());
  const bool plain = std::all_of(token.begin(), token.end(), [](char letter) {
    return letter > ' ' && letter <= '~' && letter != ',';
  });
  return bearer && plain && token.size() <= kMaxToken ? token : std::string_view();
}

}  // namespace aloha::gateway
