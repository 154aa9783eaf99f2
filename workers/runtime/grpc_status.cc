#include "workers/runtime/grpc_status.h"

#include <array>
#include <utility>

namespace aloha {
namespace {

constexpr std::array<std::pair<Code, grpc::StatusCode>, 10> kCodes = {{
    {Code::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {Code::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    {Code::kNotFound, grpc::StatusCode::NOT_FOUND},
    {Code::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {Code::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {Code::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {Code::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {Code::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {Code::kAborted, grpc::StatusCode::ABORTED},
    {Code::kInternal, grpc::StatusCode::INTERNAL},
}};

// A status travels as HTTP/2 metadata, of which 8 KiB pass.
constexpr size_t kMaxMessageBytes = 4'000;

std::string Cut(std::string message) {
  if (message.size() <= kMaxMessageBytes) return message;
  size_t end = kMaxMessageBytes;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  message.resize(end);
  return message + " …";
}

}  // namespace

grpc::Status ToStatus(const Error& error) {
  for (const auto& [ours, theirs] : kCodes) {
    if (ours == error.code) {
      return {theirs,
              Cut(error.field.empty() ? error.message : error.field + ": " + error.message)};
    }
  }
  return {grpc::StatusCode::INTERNAL, Cut(error.message)};
}

Error FromStatus(const grpc::Status& status) {
  for (const auto& [ours, theirs] : kCodes) {
    if (theirs == status.error_code()) return {ours, status.error_message(), {}};
  }
  return {Code::kInternal, status.error_message(), {}};
}

}  // namespace aloha
