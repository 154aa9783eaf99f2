// The connection to the supervisor: channel, deadlines, and what a failed call means for the exit
// code.
#ifndef ALOHA_CLI_CLIENT_H_
#define ALOHA_CLI_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "admin/v1/admin.pb.h"
#include "cli/output.h"

namespace aloha::cli {

namespace admin = ::aloha::admin::v1;

// Exit codes of alohactl.
enum ExitCode : int {
  kDone = 0,
  kRefused = 1,      // the reason is on stderr
  kUsage = 2,        // the command line is wrong
  kUnreachable = 3,  // the supervisor does not answer
};

// Where the supervisor is and how to talk to it.
struct ConnectionOptions {
  std::string endpoint;  // "unix:PATH" or "HOST:PORT"
  std::string ca;        // PEM files; for HOST:PORT only
  std::string cert;
  std::string key;
  std::string token_file;  // its first line is a token; empty: none
  std::optional<double>
      timeout_s;  // of one call and of waiting; absent: kDefaultTimeoutSeconds a call
};

inline constexpr double kDefaultTimeoutSeconds = 60;

// What is wrong with the options, or empty. Nothing is opened.
std::string CheckConnectionOptions(const ConnectionOptions& options);

// True when the call failed because nobody answered, as opposed to an answer that refuses. An
// answer of the supervisor always carries an ErrorDetail.
bool IsUnreachable(const grpc::Status& status);

// kRefused or kUnreachable for a failed status, kDone for OK.
ExitCode ExitCodeOf(const grpc::Status& status);

// A response, or the status that came instead.
template <typename T>
using Reply = tl::expected<T, grpc::Status>;

// One connection, opened by the first call and kept. Not for use by several threads at once.
class Client {
 public:
  // `output` must outlive the client.
  Client(ConnectionOptions options, Output& output);

  Output& output() { return output_; }
  const ConnectionOptions& options() const { return options_; }

  // One unary call: Call(&admin::Services::Stub::StopService, request).
  template <typename Stub, typename Request, typename Response>
  Reply<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                    Response*),
                       const Request& request) {
    if (grpc::Status status = Connect(); !status.ok()) return tl::make_unexpected(status);
    grpc::ClientContext context;
    AddCredentials(context);
    context.set_deadline(CallDeadline());
    Response response;
    Stub stub(channel_);
    if (grpc::Status status = (stub.*method)(&context, request, &response); !status.ok()) {
      return tl::make_unexpected(status);
    }
    return response;
  }

  // All pages of a list, in one response.
  template <typename Stub, typename Request, typename Response>
  Reply<Response> List(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                    Response*),
                       Request request) {
    Response all;
    request.set_page_size(kPageSize);
    do {
      request.set_page_token(all.next_page_token());
      Reply<Response> page = Call(method, request);
      if (!page) return page;
      all.clear_next_page_token();
      all.MergeFrom(*page);
    } while (!all.next_page_token().empty());
    return all;
  }

  // A server stream: calls `take` with each message until the stream ends or `take` returns false.
  // No deadline when `follow` is set; then the process also ends, with success, as soon as nobody
  // reads its standard output.
  template <typename Stub, typename Request, typename Message>
  grpc::Status Watch(std::unique_ptr<grpc::ClientReader<Message>> (Stub::*method)(
                         grpc::ClientContext*, const Request&),
                     const Request& request, bool follow,
                     const std::function<bool(const Message&)>& take) {
    if (grpc::Status status = Connect(); !status.ok()) return status;
    grpc::ClientContext context;
    AddCredentials(context);
    if (follow) {
      output_.EndWithReader();
    } else {
      context.set_deadline(CallDeadline());
    }
    Stub stub(channel_);
    auto reader = (stub.*method)(&context, request);
    Message message;
    bool wanted = true;
    while (wanted && reader->Read(&message)) wanted = take(message);
    if (!wanted) context.TryCancel();
    grpc::Status status = reader->Finish();
    return wanted ? status : grpc::Status::OK;
  }

  // Prints a failed status to stderr: findings as FILE:LINE:COLUMN, the reason, what to do. Returns
  // the exit code. `file` names what was sent, for findings; empty: findings carry only their path.
  ExitCode Report(const grpc::Status& status, std::string_view file = {});

 private:
  static constexpr int kPageSize = 1000;

  grpc::Status Connect();
  grpc::Status ReadToken();
  void AddCredentials(grpc::ClientContext& context) const;
  std::chrono::system_clock::time_point CallDeadline() const;

  ConnectionOptions options_;
  Output& output_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;  // empty: none
};

// The ErrorDetail that the supervisor sent with a failed status; empty when there is none.
admin::ErrorDetail DetailOf(const grpc::Status& status);

// Findings, one a line: "FILE:LINE:COLUMN: error: PATH: MESSAGE"; parts that are unknown are left
// out. `line_offset` is added to each known line (text that stands above what was sent).
std::string RenderFindings(
    const google::protobuf::RepeatedPtrField<admin::FieldViolation>& findings,
    std::string_view file, unsigned line_offset = 0);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_CLIENT_H_
