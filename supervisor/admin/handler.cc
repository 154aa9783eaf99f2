#include "supervisor/admin/handler.h"

#include <fmt/format.h>

#include <algorithm>

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

// Longer than anything that is meant.
constexpr size_t kLongestValue = 512;
constexpr size_t kLongestUserAgent = 200;

std::string Metadata(const grpc::CallbackServerContext& call, const char* name,
                     size_t longest = kLongestValue) {
  const auto& metadata = call.client_metadata();
  const auto found = metadata.find(name);
  if (found == metadata.end()) return {};
  return {found->second.data(), std::min(found->second.size(), longest)};
}

}  // namespace

CallSource SourceOf(AdminContext& context, const grpc::CallbackServerContext& call) {
  CallSource source{context.socket.Who(call.peer()), {}};
  if (source.connection.brings == ManagementSocket::Brings::kNone) return source;
  Credentials& credentials = source.credentials;
  credentials.address = Metadata(call, "aloha-address");
  credentials.session = Metadata(call, "aloha-session");
  credentials.token = Metadata(call, "aloha-token");
  credentials.subject = Metadata(call, "aloha-subject");
  credentials.user_agent = EscapeForLog(Metadata(call, "aloha-user-agent", kLongestUserAgent));
  return source;
}

Result<> Admit(AdminContext& context, CallKind kind, const CallSource& source, bool use,
               Caller* caller) {
  caller->identity = context.access.Identify(source.connection, source.credentials, use);
  const Identity& who = caller->identity;
  caller->actor = who.actor;
  caller->rights = who.rights;
  caller->reports_leases = source.connection.reports_leases;
  Result<> result = MayCall(kind, *caller);
  if (result && kind != CallKind::kOpen && !InScope(who.scopes, caller->method)) {
    result = Fail(Code::kPermissionDenied,
                  fmt::format("{} is not in the scopes of {}", caller->method, caller->actor));
  }
  caller->refused = !result;
  return result;
}

void Audit(AdminContext& context, const Caller& caller, CallKind kind, const Result<>& result) {
  const bool reads = kind == CallKind::kRead || kind == CallKind::kOpen;
  const std::string text = result ? "" : fmt::format("refused: {}", result.error().message);
  if (!result && (caller.refused || (!reads && !caller.identity.local))) {
    const std::string& address = caller.identity.address;
    return context.refusals.Tell(caller.actor, caller.method,
                                 address.empty() ? caller.actor : address, text);
  }
  if (!reads && !result) {
    context.events.Add(Event::WARNING, "audit", caller.method, text, caller.actor, caller.method,
                       true);
    return;
  }
  if (kind == CallKind::kOpen || (reads && caller.rights < Rights::kOperator)) return;
  if (result && caller.part) return;
  context.log.Info(
      fmt::format("audit: {} by {}: {}", caller.method, caller.actor,
                  result ? "done" : "refused: " + EscapeForLog(result.error().message)));
}

Result<> MayCall(CallKind kind, const Caller& caller) {
  if (kind == CallKind::kOpen) return {};
  if (!caller.identity.problem.empty())
    return Fail(Code::kPermissionDenied, caller.identity.problem);
  const Rights needed = kind == CallKind::kOperate  ? Rights::kOperator
                        : kind == CallKind::kChange ? Rights::kAdmin
                                                    : Rights::kMonitor;
  if (caller.rights >= needed) return {};
  const char* may = caller.rights == Rights::kNone      ? "nothing here"
                    : caller.rights == Rights::kMonitor ? "only read"
                                                        : "not change this";
  return Fail(Code::kPermissionDenied, fmt::format("{} may {}", caller.actor, may));
}

void ForgetSession(grpc::CallbackServerContext& call) {
  call.AddTrailingMetadata("aloha-session", "");
}

grpc::Status ToAdminStatus(const Result<>& result, const Caller& caller) {
  if (result) return grpc::Status::OK;
  const grpc::Status plain = ToStatus(result.error());
  admin::v1::ErrorDetail detail = caller.detail;
  const bool unknown = caller.refused && !caller.identity.problem.empty();
  const bool unauthenticated = unknown || caller.unauthenticated;
  if (detail.reason().empty()) {
    detail.set_reason(unauthenticated ? "UNAUTHENTICATED"
                                      : std::string(ReasonOf(result.error().code)));
  }
  // So much of it that both pass together.
  constexpr size_t kLongestFinding = 1'000;
  if (!result.error().field.empty() && detail.violations().empty() &&
      result.error().message.size() <= kLongestFinding) {
    admin::v1::FieldViolation* violation = detail.add_violations();
    violation->set_path(result.error().field);
    violation->set_message(EscapeForLog(result.error().message));
    violation->set_severity(admin::v1::FieldViolation::ERROR);
  }
  return {unauthenticated ? grpc::StatusCode::UNAUTHENTICATED : plain.error_code(),
          plain.error_message(), detail.SerializeAsString()};
}

void FillEvent(const Event& event, admin::v1::ChangeResponse* response) {
  *response->mutable_event() = event;
}

}  // namespace aloha::supervisor
