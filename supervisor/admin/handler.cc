#include "supervisor/admin/handler.h"

#include <fmt/format.h>

#include "workers/runtime/grpc_status.h"

namespace aloha::supervisor {
namespace {

std::string_view ReasonOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kAborted:
      return "CONFLICT";
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return "UNAVAILABLE";
    case Code::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Code::kFailedPrecondition:
      return "REFUSED";
    case Code::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

}  // namespace

void Audit(AdminContext& context, const Caller& caller, CallKind kind, const Result<>& result) {
  if (kind == CallKind::kChange && !result) {
    context.events.Add(Event::WARNING, "audit", caller.method,
                       fmt::format("refused: {}", result.error().message), caller.actor,
                       caller.method, true);
    return;
  }
  if (!caller.may_change) return;
  context.log.Info(
      fmt::format("audit: {} by {}: {}", caller.method, caller.actor,
                  result ? "done" : "refused: " + EscapeForLog(result.error().message)));
}

Result<> MayCall(CallKind kind, const Caller& caller) {
  if (kind == CallKind::kRead || caller.may_change) return {};
  return Fail(Code::kPermissionDenied, fmt::format("{} may only read", caller.actor));
}

grpc::Status ToAdminStatus(const Result<>& result, const Caller& caller) {
  if (result) return grpc::Status::OK;
  const grpc::Status plain = ToStatus(result.error());
  admin::v1::ErrorDetail detail = caller.detail;
  if (detail.reason().empty()) detail.set_reason(std::string(ReasonOf(result.error().code)));
  return {plain.error_code(), plain.error_message(), detail.SerializeAsString()};
}

void FillEvent(const Event& event, admin::v1::ChangeResponse* response) {
  *response->mutable_event() = event;
}

}  // namespace aloha::supervisor
