#include "workers/runtime/grpc_status.h"

#include <gtest/gtest.h>

namespace aloha {
namespace {

TEST(GrpcStatus, CodesComeBack) {
  for (const Code code :
       {Code::kInvalidArgument, Code::kFailedPrecondition, Code::kNotFound, Code::kAlreadyExists,
        Code::kPermissionDenied, Code::kResourceExhausted, Code::kUnavailable,
        Code::kDeadlineExceeded, Code::kAborted, Code::kInternal}) {
    const grpc::Status status = ToStatus(Error{code, "text", {}});
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(FromStatus(status).code, code);
    EXPECT_EQ(FromStatus(status).message, "text");
  }
  EXPECT_EQ(FromStatus({grpc::StatusCode::DATA_LOSS, "text"}).code, Code::kInternal);
}

TEST(GrpcStatus, TheFieldStandsInFront) {
  EXPECT_EQ(
      ToStatus(Error{Code::kInvalidArgument, "too large", "imap.virtual_port"}).error_message(),
      "imap.virtual_port: too large");
  EXPECT_TRUE(ToStatus(Result<>()).ok());
}

}  // namespace
}  // namespace aloha
