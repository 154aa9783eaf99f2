#include "workers/keys/role.h"

#include <utility>

namespace aloha::keys {

KeysRole::KeysRole(WorkerContext context, Files files)
    : engine_(context.loop, context.log,
              KeyStore(std::move(*files.keys), std::move(files.passphrase), context.log),
              std::move(files.secrets)),
      service_(context.loop, engine_),
      node_(context.loop, engine_),
      transfer_(context.loop, engine_),
      backup_(context.loop, engine_) {}

Result<> KeysRole::Prepare(const worker::v1::Snapshot& snapshot) {
  if (!snapshot.has_keys())
    return Fail(Code::kInvalidArgument, "the snapshot is not one for aloha-keys", "keys");
  Result<Plan> plan = MakePlan(snapshot.keys());
  if (!plan) return tl::make_unexpected(plan.error());
  prepared_ = std::move(*plan);
  return {};
}

void KeysRole::Commit() {
  engine_.Apply(std::move(*prepared_));
  prepared_.reset();
}

void KeysRole::Drain(std::chrono::milliseconds, std::function<void(uint32_t cut)> done) { done(0); }

void KeysRole::OnPeer(const std::string& role, UniqueFd socket) {
  engine_.Connect(role, std::move(socket));
}

}  // namespace aloha::keys
