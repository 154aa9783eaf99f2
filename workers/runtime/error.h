// What can fail returns Result<T>: a value, or an Error that says what happened and what to do.
// No exception crosses a module border.
#ifndef ALOHA_WORKERS_RUNTIME_ERROR_H_
#define ALOHA_WORKERS_RUNTIME_ERROR_H_

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace aloha {

// The canonical codes in use; same meaning as gRPC's codes of the same name.
enum class Code {
  kInvalidArgument,     // the request itself is wrong, whatever the state
  kFailedPrecondition,  // right request, wrong moment or machine
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kResourceExhausted,
  kUnavailable,  // the other side is not there; trying again may help
  kDeadlineExceeded,
  kAborted,  // another change came between
  kInternal,
};

struct Error {
  Code code = Code::kInternal;
  std::string message;  // one line: what happened, and what to do where that is known
  std::string field;    // path of the configuration or request field, or empty
};

template <typename T = void>
using Result = tl::expected<T, Error>;

// Fail(Code::kNotFound, "…") converts to any failed Result.
inline tl::unexpected<Error> Fail(Code code, std::string message, std::string field = {}) {
  return tl::make_unexpected(Error{code, std::move(message), std::move(field)});
}

// FailErrno("bind 0.0.0.0:25") reads errno: "bind 0.0.0.0:25: Permission denied".
inline tl::unexpected<Error> FailErrno(std::string_view act, int error = errno) {
  return Fail(Code::kInternal, std::string(act) + ": " + std::strerror(error));
}

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_ERROR_H_
