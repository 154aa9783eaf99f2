#include "workers/health/role.h"

#include <fmt/format.h>

#include <utility>

namespace aloha::health {
namespace {

using worker::v1::CheckState;

const char* StateName(CheckState state) {
  switch (state) {
    case worker::v1::CHECK_STATE_UP:
      return "UP";
    case worker::v1::CHECK_STATE_DOWN:
      return "DOWN";
    default:
      return "UNKNOWN";
  }
}

int64_t NowMicroseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

HealthRole::HealthRole(WorkerContext context, const TlsClient& tls)
    : log_(context.log),
      engine_(context.loop, tls,
              [this](size_t check, CheckState before) { OnResult(check, before); }),
      proxy_(context.loop, board_),
      service_(context.loop, engine_.checker(), board_),
      reports_(context.loop) {}

Result<> HealthRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_health()) {
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-health", "health");
  }
  Result<Plan> plan = MakePlan(snapshot.health());
  if (!plan) return tl::make_unexpected(plan.error());
  prepared_ = std::move(*plan);
  return {};
}

void HealthRole::Commit() {
  reports_.Use(*prepared_);
  const size_t num_checks = prepared_->checks.size();
  engine_.Apply(std::move(prepared_->checks));
  board_.Replace(std::move(prepared_->targets), engine_.checker(), NowMicroseconds());
  prepared_.reset();
  proxy_.SendAll();
  service_.SendAll();
  log_.Info(fmt::format("{} checks for {} servers", num_checks, board_.states().size()));
}

void HealthRole::Drain(std::chrono::milliseconds, std::function<void(uint32_t cut)> done) {
  engine_.Stop();
  done(0);
}

void HealthRole::OnPeer(const std::string& role, UniqueFd socket) {
  if (role == "proxy") proxy_.Connect(std::move(socket));
}

void HealthRole::OnResult(size_t check, CheckState before) {
  const CheckTrack& track = engine_.checker().track(check);
  const KeptResult& newest = track.result(0);
  if (newest.outcome == Outcome::kNotProbed && !warned_) {
    log_.Warning(fmt::format("check {}: {}; states stay as they are",
                             EscapeForLog(engine_.checker().spec(check).config.id()),
                             *newest.reason));
  }
  warned_ = newest.outcome == Outcome::kNotProbed;
  if (track.state() != before) LogChange(engine_.checker().spec(check), track, before);
  board_.Update(check, engine_.checker(), [this](size_t target, bool text_only) {
    // The proxy acts on states; those who watch also show the newest result.
    if (!text_only) proxy_.Send(target);
    service_.Send(target);
  });
}

void HealthRole::LogChange(const CheckSpec& spec, const CheckTrack& track, CheckState before) {
  const bool down = track.state() == worker::v1::CHECK_STATE_DOWN;
  uint32_t results = down ? spec.config.fall() : spec.config.rise();
  if (!down && before == worker::v1::CHECK_STATE_UNKNOWN) results = 1;
  log_.Info(fmt::format("check {} {}: {} ({} of {})", EscapeForLog(spec.config.id()),
                        StateName(track.state()), track.reason(), results, results));
}

}  // namespace aloha::health
