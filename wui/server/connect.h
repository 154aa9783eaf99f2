// The Connect protocol (connectrpc.com/docs/protocol) as browsers speak it here: JSON, unary calls
// and streams of the server. Pure.
#ifndef ALOHA_WUI_SERVER_CONNECT_H_
#define ALOHA_WUI_SERVER_CONNECT_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::wui {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kStreamType = "application/connect+json";

// "not_found"; the status of HTTP that goes with it in unary calls.
std::string_view ConnectCode(grpc::StatusCode code);
int HttpStatus(grpc::StatusCode code);

// {"code":…,"message":…,"details":[…]}. The details of the status are an
// aloha.admin.v1.ErrorDetail.
std::string ErrorJson(const grpc::Status& status);
// What a stream ends with; the status may be OK.
std::string EndOfStreamJson(const grpc::Status& status);

inline constexpr uint8_t kEndOfStream = 2;  // flag of an envelope
// An envelope: flags, length, bytes.
std::string Envelope(uint8_t flags, std::string_view bytes);
// What stands in the only envelope of a body. kInvalidArgument.
Result<std::string_view> OpenEnvelope(std::string_view body);

// Connect-Timeout-Ms: 1 to 10 digits. Nothing: malformed.
std::optional<std::chrono::milliseconds> ParseTimeout(std::string_view text);

// A media type without its parameters, of which none but a charset of UTF-8 may be there; empty:
// malformed.
std::string MediaType(std::string_view content_type);

// In double quotes. What is not UTF-8 becomes U+FFFD.
std::string JsonString(std::string_view text);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_CONNECT_H_
