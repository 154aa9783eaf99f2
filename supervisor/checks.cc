#include "supervisor/checks.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <asio/post.hpp>

#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

std::string_view StateName(v1::CheckState state) {
  switch (state) {
    case v1::CHECK_STATE_UP:
      return "UP";
    case v1::CHECK_STATE_DOWN:
      return "DOWN";
    default:
      return "UNKNOWN";
  }
}

}  // namespace

// One stream; deletes itself when it ends.
class Checks::Reader final : public grpc::ClientReadReactor<v1::TargetStates> {
 public:
  Reader(Checks& checks, uint64_t number, const std::shared_ptr<Process>& health)
      : checks_(checks),
        number_(number),
        health_(health),
        stub_(v1::Health::NewStub(health->channel)) {
    stub_->async()->WatchTargets(&context_, &request_, this);
    StartRead(&states_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    asio::post(checks_.loop_, [&checks = checks_, number = number_, states = states_] {
      if (checks.following_ == number) checks.Update(states);
    });
    StartRead(&states_);
  }

  void OnDone(const grpc::Status&) override {
    // On the control thread: the channel must not be let go by a thread of its own.
    asio::post(checks_.loop_, [this] {
      if (checks_.following_ == number_) checks_.stale_ = true;
      delete this;
    });
  }

 private:
  Checks& checks_;
  const uint64_t number_;
  std::shared_ptr<Process> health_;
  std::unique_ptr<v1::Health::Stub> stub_;
  grpc::ClientContext context_;
  v1::WatchTargetsRequest request_;
  v1::TargetStates states_;
};

void Checks::Follow(const std::shared_ptr<Process>& health) {
  new Reader(*this, ++following_, health);
}

void Checks::Update(const v1::TargetStates& states) {
  stale_ = false;
  for (const v1::TargetState& state : states.targets()) {
    v1::TargetState& known = states_[{state.service(), state.server()}];
    const v1::CheckState before = known.state();
    known = state;
    const bool news =
        before != state.state() && state.state() != v1::CHECK_STATE_UNKNOWN &&
        !(before == v1::CHECK_STATE_UNSPECIFIED && state.state() == v1::CHECK_STATE_UP);
    if (!news) continue;
    events_.Add(state.state() == v1::CHECK_STATE_DOWN ? Event::WARNING : Event::INFO, "check",
                fmt::format("{}/{}", state.service(), state.server()),
                fmt::format("{}: {}", StateName(state.state()), state.reason()));
  }
}

const v1::TargetState* Checks::Find(const std::string& service, const std::string& server) const {
  const auto found = states_.find({service, server});
  return found == states_.end() ? nullptr : &found->second;
}

}  // namespace aloha::supervisor
