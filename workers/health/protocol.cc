#include "workers/health/protocol.h"

#include <utility>

#include "workers/health/http_protocol.h"
#include "workers/health/mail_protocol.h"
#include "workers/health/rpc_protocol.h"
#include "workers/runtime/log.h"

namespace aloha::health {
namespace {

// An accepted connection is all that is asked.
class TcpDialogue final : public Dialogue {
 public:
  Verdict Restart() override { return Succeed("connected"); }
  Verdict Feed(std::string_view) override { return Verdict::kSuccess; }
  Verdict Closed() override { return Verdict::kSuccess; }
  std::string_view awaited() const override { return "connection"; }
};

}  // namespace

Verdict Dialogue::Succeed(std::string_view sign) {
  reason_ = sign;
  return Verdict::kSuccess;
}

Verdict Dialogue::Fail(std::string reason) {
  reason_ = std::move(reason);
  return Verdict::kFailure;
}

std::unique_ptr<Dialogue> MakeDialogue(const worker::v1::Check& check) {
  switch (check.protocol_case()) {
    case worker::v1::Check::kImap:
      return MakeImapDialogue();
    case worker::v1::Check::kPop3:
      return MakePop3Dialogue();
    case worker::v1::Check::kSmtp:
      return MakeSmtpDialogue(check.smtp().ehlo_name());
    case worker::v1::Check::kEndpointMapper:
      return MakeEndpointMapperDialogue();
    case worker::v1::Check::kHttp:
      return MakeHttpDialogue(check.http(), HttpAuthority(check));
    case worker::v1::Check::kTcp:
    case worker::v1::Check::PROTOCOL_NOT_SET:
      break;
  }
  return std::make_unique<TcpDialogue>();
}

std::string Quote(std::string_view bytes) {
  constexpr size_t kShown = 80;
  const bool cut = bytes.size() > kShown;
  return '"' + EscapeForLog(bytes.substr(0, kShown)) + (cut ? "…\"" : "\"");
}

}  // namespace aloha::health
