#include "cli/client.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <sys/un.h>

#include <algorithm>
#include <iostream>

#include "cli/diagnosis.h"
#include "cli/file.h"

namespace aloha::cli {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr double kLocalConnectSeconds = 1.5;  // a local one answers in milliseconds or not at all
constexpr double kRemoteConnectSeconds = 10;  // slow links
constexpr int kMaxMessageBytes = 64 << 20;    // a configuration comes as text and as message
constexpr int kMaxDetailBytes = 4 << 20;      // a configuration may be wrong in thousands of places
constexpr size_t kMaxPemBytes = 1 << 20;
constexpr size_t kMaxTokenBytes = 4096;

bool IsUnix(const ConnectionOptions& options) { return options.endpoint.starts_with(kUnixPrefix); }

// "unix:PATH" and "unix:///PATH" without the scheme.
std::string UnixPath(const ConnectionOptions& options) {
  std::string path = options.endpoint.substr(kUnixPrefix.size());
  return path.starts_with("//") ? path.substr(2) : path;
}

std::chrono::system_clock::time_point In(double seconds) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(
             std::chrono::duration<double>(seconds));
}

// Reads a PEM file into `out_text`; FAILED_PRECONDITION naming the file.
grpc::Status ReadPem(const std::string& path, std::string* out_text) {
  if (path.empty()) return grpc::Status::OK;
  auto text = ReadFile(path, kMaxPemBytes);
  if (!text) return {grpc::StatusCode::FAILED_PRECONDITION, text.error()};
  *out_text = std::move(*text);
  return grpc::Status::OK;
}

// TLS for HOST:PORT, nothing for a local socket (whose permissions decide). Null with `out_status`
// on failure.
std::shared_ptr<grpc::ChannelCredentials> Credentials(const ConnectionOptions& options,
                                                      grpc::Status* out_status) {
  if (IsUnix(options)) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  for (auto [path, text] :
       {std::pair(&options.ca, &tls.pem_root_certs), std::pair(&options.cert, &tls.pem_cert_chain),
        std::pair(&options.key, &tls.pem_private_key)}) {
    if (grpc::Status status = ReadPem(*path, text); !status.ok()) {
      *out_status = status;
      return nullptr;
    }
  }
  return grpc::SslCredentials(tls);
}

// Waits until the channel is ready; false when it failed or `deadline` passed.
bool WaitReady(grpc::Channel& channel, std::chrono::system_clock::time_point deadline) {
  for (;;) {
    grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) return false;
    if (!channel.WaitForStateChange(state, deadline)) return false;
  }
}

}  // namespace

std::string CheckConnectionOptions(const ConnectionOptions& options) {
  if (IsUnix(options)) {
    std::string path = UnixPath(options);
    if (path.empty()) return "--endpoint unix:PATH: the path is empty";
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      return fmt::format("--endpoint {}: a socket path has at most {} bytes", options.endpoint,
                         sizeof(sockaddr_un::sun_path) - 1);
    }
    return {};
  }
  size_t colon = options.endpoint.rfind(':');
  std::string port = colon == std::string::npos ? "" : options.endpoint.substr(colon + 1);
  if (colon == 0 || port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string::npos) {
    return fmt::format("--endpoint {}: neither unix:PATH nor HOST:PORT", options.endpoint);
  }
  if (options.ca.empty()) {
    return fmt::format(
        "--endpoint {}: a remote endpoint needs --ca, or anybody could answer for it",
        options.endpoint);
  }
  if (options.cert.empty() != options.key.empty()) return "--cert and --key go together";
  return {};
}

bool IsUnreachable(const grpc::Status& status) {
  if (!status.error_details().empty()) return false;
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

ExitCode ExitCodeOf(const grpc::Status& status) {
  if (status.ok()) return kDone;
  return IsUnreachable(status) ? kUnreachable : kRefused;
}

Client::Client(ConnectionOptions options, Output& output)
    : options_(std::move(options)), output_(output) {}

std::chrono::system_clock::time_point Client::CallDeadline() const {
  return In(options_.timeout_s.value_or(kDefaultTimeoutSeconds));
}

grpc::Status Client::ReadToken() {
  if (options_.token_file.empty()) return grpc::Status::OK;
  auto text = ReadFile(options_.token_file, kMaxTokenBytes);
  if (!text) return {grpc::StatusCode::FAILED_PRECONDITION, text.error()};
  token_ = text->substr(0, text->find_first_of("\r\n"));
  const bool plain = std::all_of(token_.begin(), token_.end(),
                                 [](char letter) { return letter > ' ' && letter <= '~'; });
  if (!token_.empty() && plain) return grpc::Status::OK;
  return {grpc::StatusCode::FAILED_PRECONDITION,
          fmt::format("{}: its first line is not a token", FileLabel(options_.token_file))};
}

void Client::AddCredentials(grpc::ClientContext& context) const {
  if (token_.empty()) return;
  if (IsUnix(options_)) {
    context.AddMetadata("aloha-address", "127.0.0.1");
    context.AddMetadata("aloha-token", token_);
  } else {
    context.AddMetadata("authorization", "Bearer " + token_);
  }
}

grpc::Status Client::Connect() {
  if (channel_) return grpc::Status::OK;
  grpc::Status status = ReadToken();
  if (!status.ok()) return status;
  auto credentials = Credentials(options_, &status);
  if (!credentials) return status;

  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxDetailBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // https_proxy is for other things
  const bool local = IsUnix(options_);
  auto channel = grpc::CreateCustomChannel(local ? "unix:" + UnixPath(options_) : options_.endpoint,
                                           credentials, arguments);
  double wait = std::min(local ? kLocalConnectSeconds : kRemoteConnectSeconds,
                         options_.timeout_s.value_or(kDefaultTimeoutSeconds));
  if (!WaitReady(*channel, In(wait))) {
    return {grpc::StatusCode::UNAVAILABLE,
            local ? DiagnoseSocket(UnixPath(options_)) : DiagnoseAddress(options_)};
  }
  channel_ = std::move(channel);
  return grpc::Status::OK;
}

ExitCode Client::Report(const grpc::Status& status, std::string_view file) {
  std::ostream& err = output_.err();
  if (IsUnreachable(status)) {
    if (!channel_) {
      err << fmt::format("alohactl: cannot reach the supervisor at {}: {}\n", options_.endpoint,
                         status.error_message());
    } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      err << fmt::format(
          "alohactl: the supervisor at {} did not answer within {:g} s (--timeout)\n",
          options_.endpoint, options_.timeout_s.value_or(kDefaultTimeoutSeconds));
    } else {
      err << fmt::format("alohactl: lost the supervisor at {}: {}\n", options_.endpoint,
                         Printable(status.error_message()));
    }
    return kUnreachable;
  }
  admin::ErrorDetail detail = DetailOf(status);
  // One finding that is all there is to say is said once.
  const bool alone = detail.violations_size() == 1 &&
                     status.error_message() == fmt::format("{}: {}", detail.violations(0).path(),
                                                           detail.violations(0).message());
  if (!alone) err << RenderFindings(detail.violations(), file);
  err << "alohactl: "
      << (status.error_code() == grpc::StatusCode::UNIMPLEMENTED
              ? "the supervisor does not know this call; is it an older version?"
              : Printable(status.error_message()))
      << "\n";
  if (!detail.remedy().empty()) err << "  " << Printable(detail.remedy()) << "\n";
  return ExitCodeOf(status);
}

admin::ErrorDetail DetailOf(const grpc::Status& status) {
  admin::ErrorDetail detail;
  if (!detail.ParseFromString(status.error_details())) detail.Clear();
  return detail;
}

std::string RenderFindings(
    const google::protobuf::RepeatedPtrField<admin::FieldViolation>& findings,
    std::string_view file, unsigned line_offset) {
  std::string text;
  for (const admin::FieldViolation& finding : findings) {
    if (!file.empty()) {
      text += file;
      if (finding.line() != 0) {
        text += fmt::format(":{}:{}", finding.line() + line_offset, finding.column());
      }
      text += ": ";
    }
    text += finding.severity() == admin::FieldViolation::WARNING ? "warning: " : "error: ";
    if (!finding.path().empty()) text += Printable(finding.path()) + ": ";
    text += Printable(finding.message()) + "\n";
  }
  return text;
}

}  // namespace aloha::cli
