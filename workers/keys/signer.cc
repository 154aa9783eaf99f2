#include "workers/keys/signer.h"

#include <fmt/format.h>

#include <utility>

namespace aloha::keys {
namespace {

constexpr int64_t kLineInterval = 10'000'000'000;

// Enough to tell keys apart in a log.
std::string ShortName(const KeyHash& hash) { return ToHex({hash.data(), 8}); }

}  // namespace

void Signer::Use(std::shared_ptr<const KeyTable> table) {
  const std::lock_guard lock(mutex_);
  table_ = std::move(table);
}

handoff::v1::SignResponse Signer::Answer(const handoff::v1::SignRequest& request, int64_t now_ns) {
  handoff::v1::SignResponse response;
  response.set_id(request.id());
  Result<std::string> signature = Sign(request, now_ns);
  if (signature) {
    response.set_signature(std::move(*signature));
  } else {
    LogRefusal(signature.error().message, now_ns);
    response.set_reason(std::move(signature.error().message));
  }
  return response;
}

void Signer::CountMalformed(int64_t now_ns) {
  malformed_.fetch_add(1, std::memory_order_relaxed);
  LogRefusal("not a packet of sign requests", now_ns);
}

Result<std::string> Signer::Sign(const handoff::v1::SignRequest& request, int64_t now_ns) {
  std::shared_ptr<const KeyTable> table;
  {
    const std::lock_guard lock(mutex_);
    table = table_;
  }
  // Whatever key it names: no TLS server asks for this.
  if (!ClassifyMessage(request.message())) malformed_.fetch_add(1, std::memory_order_relaxed);
  const std::optional<KeyHash> hash = ToKeyHash(request.key());
  const auto found = hash ? table->keys.find(*hash) : table->keys.end();
  if (found == table->keys.end()) return Fail(Code::kNotFound, "no such key");
  HeldKey& held = *found->second.held;
  const auto refuse = [&held, &hash](Code code, const std::string& reason) {
    held.refused.fetch_add(1, std::memory_order_relaxed);
    return Fail(code, fmt::format("{} (key {})", reason, ShortName(*hash)));
  };
  const Result<const Scheme*> scheme =
      CheckRequest(request.scheme(), request.message(), held.key.kind());
  if (!scheme) return refuse(scheme.error().code, scheme.error().message);
  if (!found->second.enabled) return refuse(Code::kPermissionDenied, "the key may not sign");
  if (!gate_.Pass(table->max_of_all_per_second, now_ns) ||
      !held.gate.Pass(table->max_signatures_per_second, now_ns))
    return refuse(Code::kResourceExhausted, "rate limit");
  Result<std::string> signature = held.key.Sign(**scheme, request.message());
  if (!signature) return refuse(signature.error().code, signature.error().message);
  held.signatures.fetch_add(1, std::memory_order_relaxed);
  if (log_.Shows(LogLevel::kDebug))
    log_.Debug(
        fmt::format("key {} signed with scheme {:04x}", ShortName(*hash), (*scheme)->number));
  return signature;
}

void Signer::LogRefusal(const std::string& text, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (now_ns < next_line_ns_) {
    ++left_out_;
    return;
  }
  next_line_ns_ = now_ns + kLineInterval;
  const uint64_t left_out = std::exchange(left_out_, 0);
  log_.Warning(left_out == 0 ? "refused to sign: " + text
                             : fmt::format("refused to sign: {}; {} more since the line before",
                                           text, left_out));
}

}  // namespace aloha::keys
