#include "wui/server/requests.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "wui/server/answers.h"
#include "wui/server/connect.h"
#include "wui/server/gate.h"

namespace aloha::wui {
namespace {

using restinio::request_handle_t;
using ConnectionPtr = std::shared_ptr<TlsConnection>;

// Bytes of a stream that wait for a slow reader before no more are taken from the supervisor.
constexpr size_t kMaxWaiting = 256 * 1024;
constexpr std::string_view kApi = "/aloha.";

template <typename Builder>
void AddFields(Builder& response, std::string_view type, std::string_view cache_control) {
  response.append_header("Content-Type", std::string(type));
  response.append_header("Cache-Control", std::string(cache_control));
  for (const HeaderField& field : SecurityFields())
    response.append_header(std::string(field.name), std::string(field.value));
}

restinio::http_status_line_t StatusLine(int status) {
  return {restinio::http_status_code_t(static_cast<uint16_t>(status)),
          std::string(StatusReason(status))};
}

// HEAD gets the head that GET would get (RFC 9110 section 9.3.2).
void Answer(const request_handle_t& request, WebAnswer answer) {
  const bool head = request->header().method() == restinio::http_method_head();
  auto response =
      request->create_response<restinio::user_controlled_output_t>(StatusLine(answer.status));
  AddFields(response, answer.content_type, answer.cache_control);
  for (auto& [name, value] : answer.fields)
    response.append_header(std::string(name), std::move(value));
  response.set_content_length(answer.body.size());
  if (!head) response.set_body(std::move(answer.body));
  response.done();
}

void AnswerError(const request_handle_t& request, int http_status, grpc::StatusCode code,
                 const std::string& reason) {
  Answer(request, {http_status, kJsonType, ErrorJson({code, reason})});
}

grpc::StatusCode CodeOf(int http_status) {
  if (http_status == 401) return grpc::StatusCode::UNAUTHENTICATED;
  if (http_status == 403) return grpc::StatusCode::PERMISSION_DENIED;
  return grpc::StatusCode::INVALID_ARGUMENT;
}

// A unary call under way. The call keeps it, through what it calls at its end.
struct UnaryAnswer {
  request_handle_t request;
  std::unique_ptr<Backend::Running> running;

  void Tell(std::string json, const Ending& ending) {
    WebAnswer answer{200, kJsonType, std::move(json)};
    if (!ending.status.ok()) {
      answer.status = HttpStatus(ending.status.error_code());
      answer.body = ErrorJson(ending.status);
    }
    if (ending.session) {
      answer.fields.emplace_back("Set-Cookie",
                                 SessionCookie(*ending.session, ending.session_max_age_s));
    }
    Answer(request, std::move(answer));
  }
};

// A stream under way; the same.
class StreamAnswer : public std::enable_shared_from_this<StreamAnswer> {
 public:
  StreamAnswer(const request_handle_t& request, const ConnectionPtr& connection)
      : connection_(connection) {
    response_.emplace(request->create_response<restinio::chunked_output_t>(StatusLine(200)));
    AddFields(*response_, kStreamType, kNoStore);
  }

  void Run(std::unique_ptr<Backend::Running> running) {
    running_ = std::move(running);
    response_->flush();  // the browser learns at once that it is heard
  }

  void Send(const std::string& json) {
    if (!response_) return;
    std::string bytes = Envelope(0, json);
    const size_t size = bytes.size();
    waiting_ += size;
    response_->append_chunk(std::move(bytes));
    response_->flush([weak = weak_from_this(), size](const asio::error_code& error) {
      if (const auto self = weak.lock()) self->OnSent(error, size);
    });
    full_ = waiting_ >= kMaxWaiting;
    if (!full_ && running_) running_->Next();
  }

  void End(const Ending& ending) {
    running_.reset();
    if (!response_) return;
    response_->append_chunk(Envelope(kEndOfStream, EndOfStreamJson(ending.status)));
    auto response = std::exchange(response_, std::nullopt);
    response->done();
  }

  // The browser has gone.
  void Cancel() {
    running_.reset();
    const auto response = std::exchange(response_, std::nullopt);
    if (const auto connection = connection_.lock()) connection->Close();
  }

 private:
  void OnSent(const asio::error_code& error, size_t size) {
    waiting_ -= size;
    if (error) return Cancel();
    if (!std::exchange(full_, waiting_ >= kMaxWaiting) || full_) return;
    if (running_) running_->Next();
  }

  const std::weak_ptr<TlsConnection> connection_;
  std::optional<restinio::response_builder_t<restinio::chunked_output_t>> response_;
  std::unique_ptr<Backend::Running> running_;
  size_t waiting_ = 0;  // bytes
  bool full_ = false;
};

void CallUnary(const RequestContext& context, const request_handle_t& request, BackendCall call,
               const ConnectionPtr& connection) {
  auto answer = std::make_shared<UnaryAnswer>();
  answer->request = request;
  answer->running = context.backend.Call(
      std::move(call),
      [answer](std::string json, const Ending& ending) { answer->Tell(std::move(json), ending); });
  if (!answer->running) {
    return AnswerError(request, 503, grpc::StatusCode::UNAVAILABLE,
                       "the supervisor is not there; it is being started again");
  }
  connection->Watch([weak = std::weak_ptr(answer)] {
    if (const auto self = weak.lock()) self->running.reset();
  });
}

void CallStream(const RequestContext& context, const request_handle_t& request, BackendCall call,
                const ConnectionPtr& connection) {
  auto answer = std::make_shared<StreamAnswer>(request, connection);
  auto running = context.backend.Stream(
      std::move(call), [answer](const std::string& json) { answer->Send(json); },
      [answer](const Ending& ending) { answer->End(ending); });
  if (!running) {
    return answer->End(
        {{grpc::StatusCode::UNAVAILABLE, "the supervisor is not there; it is being started again"},
         {},
         {}});
  }
  answer->Run(std::move(running));
  connection->Watch([weak = std::weak_ptr(answer)] {
    if (const auto self = weak.lock()) self->Cancel();
  });
}

// The field's only value; `twice` is set when it has more.
std::string Only(const request_handle_t& request, const char* name, bool& twice) {
  std::string value;
  size_t count = 0;
  request->header().for_each_value_of(name, [&](const auto& one) {
    value.assign(one.data(), one.size());
    ++count;
    return restinio::http_header_fields_t::continue_enumeration();
  });
  twice = twice || count > 1;
  return value;
}

RequestFields FieldsOf(const request_handle_t& request) {
  RequestFields fields;
  bool& twice = fields.twice;
  fields.host = Only(request, "Host", twice);
  fields.content_type = Only(request, "Content-Type", twice);
  fields.content_encoding = Only(request, "Content-Encoding", twice);
  if (fields.content_encoding.empty())
    fields.content_encoding = Only(request, "Connect-Content-Encoding", twice);
  fields.origin = Only(request, "Origin", twice);
  fields.fetch_site = Only(request, "Sec-Fetch-Site", twice);
  fields.cookie = Only(request, "Cookie", twice);
  fields.authorization = Only(request, "Authorization", twice);
  fields.request_mark = Only(request, "X-Aloha-Request", twice);
  fields.protocol_version = Only(request, "Connect-Protocol-Version", twice);
  fields.timeout_ms = Only(request, "Connect-Timeout-Ms", twice);
  fields.user_agent = Only(request, "User-Agent", twice);
  return fields;
}

// What to call; nothing: it was answered that it cannot be.
std::optional<BackendCall> ReadCall(const RequestContext& context, const request_handle_t& request,
                                    const ConnectionPtr& connection) {
  const RequestFields fields = FieldsOf(request);
  const auto refuse = [&](int status, grpc::StatusCode code, const std::string& reason) {
    AnswerError(request, status, code, reason);
    return std::nullopt;
  };
  auto admitted = Admit(fields, net::FormatIp(connection->client().ip));
  if (!admitted) {
    const GateError& error = admitted.error();
    return refuse(error.status, CodeOf(error.status), error.reason);
  }
  BackendCall call;
  const std::string_view path(request->header().path().data(), request->header().path().size());
  call.method = context.methods.Find(path);
  if (call.method == nullptr)
    return refuse(404, grpc::StatusCode::UNIMPLEMENTED, "there is no such method");
  const bool streams = call.method->server_streaming();
  if (streams != (MediaType(fields.content_type) == kStreamType)) {
    return refuse(415, grpc::StatusCode::INVALID_ARGUMENT,
                  streams ? "the method streams: send application/connect+json"
                          : "the method does not stream: send application/json");
  }
  if (!fields.timeout_ms.empty()) {
    call.timeout = ParseTimeout(fields.timeout_ms);
    if (!call.timeout)
      return refuse(400, grpc::StatusCode::INVALID_ARGUMENT,
                    "Connect-Timeout-Ms is a number of milliseconds");
  }
  const Result<std::string_view> json =
      streams ? OpenEnvelope(request->body()) : Result<std::string_view>(request->body());
  Result<std::string> bytes = json ? FromJson(*call.method->input_type(), *json)
                                   : Result<std::string>(tl::make_unexpected(json.error()));
  if (!bytes) return refuse(400, grpc::StatusCode::INVALID_ARGUMENT, bytes.error().message);
  call.request = std::move(*bytes);
  call.metadata = std::move(*admitted);
  return call;
}

void AnswerPage(const RequestContext& context, const request_handle_t& request,
                const ConnectionPtr& connection) {
  connection->Answering(false);
  const auto& header = request->header();
  const std::string_view path(header.path().data(), header.path().size());
  if (path == "/healthz") return Answer(request, {200, kTextType, "ok\n"});
  if (path.starts_with(kApi)) {
    return Answer(request, {405, kTextType, "call it by POST\n", kNoStore, {{"Allow", "POST"}}});
  }
  const std::string accepts = header.get_field_or("Accept-Encoding", "");
  const std::string if_none_match = header.get_field_or("If-None-Match", "");
  Answer(request, context.files.Answer({path, accepts, if_none_match}));
}

}  // namespace

void AnswerRequest(const RequestContext& context, const request_handle_t& request,
                   const ConnectionPtr& connection) {
  const auto& header = request->header();
  std::vector<std::string> names = connection->settings().names;
  names.push_back(context.machine_name);
  if (!IsOwnHost(header.get_field_or("Host", ""), names)) {
    connection->Answering(false);
    return Answer(request,
                  {421, kTextType,
                   "This machine is not known by the name that you used. Open it by its address, "
                   "or import a certificate with that name for the web interface.\n"});
  }
  const auto& method = header.method();
  if (method == restinio::http_method_get() || method == restinio::http_method_head())
    return AnswerPage(context, request, connection);
  if (method != restinio::http_method_post()) {
    connection->Answering(false);
    return Answer(
        request,
        {405, kTextType, "use GET, HEAD or POST\n", kNoStore, {{"Allow", "GET, HEAD, POST"}}});
  }
  connection->Answering(true);
  auto call = ReadCall(context, request, connection);
  if (!call) return connection->Answering(false);
  if (call->method->server_streaming()) {
    CallStream(context, request, std::move(*call), connection);
  } else {
    CallUnary(context, request, std::move(*call), connection);
  }
}

}  // namespace aloha::wui
