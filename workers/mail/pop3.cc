// POP3 (RFC 1939) before the client signs in, with CAPA (RFC 2449) and STLS (RFC 2595 section 4).
#include "workers/mail/protocols.h"

namespace aloha::mail {
namespace {

class Pop3 final : public Dialogue {
 public:
  Pop3() : Dialogue("-ERR ") {}

 private:
  void OnCommand(std::string_view line) override;
  void OnServerLine(const Line& line) override;

  void OnCapability(const Line& line);

  bool asked_ = false;    // CAPA awaits its answer
  bool listing_ = false;  // which is a list, up to a line with a dot
};

void Pop3::OnCommand(std::string_view line) {
  std::string_view arguments = line;
  const std::string_view command = TakeWord(&arguments);
  if (IsOneOf(command, {"STLS"})) {
    if (secure()) return Refuse("-ERR TLS is active");
    if (!arguments.empty()) return Refuse("-ERR STLS takes no arguments");
    return BeginTls("+OK Begin TLS negotiation");
  }
  if (IsOneOf(command, {"CAPA", "QUIT"})) {
    asked_ = IsOneOf(command, {"CAPA"});
    return Pass(line);
  }
  if (secure()) return BecomePipe(line);
  Refuse("-ERR Must issue a STLS command first");
}

void Pop3::OnServerLine(const Line& line) {
  if (listing_) return OnCapability(line);
  std::string_view rest = line.text;
  const std::string_view status = TakeWord(&rest);
  const bool good = IsOneOf(status, {"+OK"});
  if (!good && !IsOneOf(status, {"-ERR"}))
    return BlameServer("the server sent what is no answer of POP3");
  Tell(line.raw);
  listing_ = asked_ && good;
  asked_ = false;
  AwaitAnswer(listing_);
}

void Pop3::OnCapability(const Line& line) {
  std::string_view rest = line.text;
  const std::string_view name = TakeWord(&rest);
  if (line.text == ".") {
    if (!secure()) Tell("STLS\r\n");
    listing_ = false;
    AwaitAnswer(false);
  }
  const bool signs_in = !secure() && IsOneOf(name, {"USER", "SASL"});
  if (!IsOneOf(name, {"STLS"}) && !signs_in) Tell(line.raw);
}

}  // namespace

std::unique_ptr<Dialogue> MakePop3() { return std::make_unique<Pop3>(); }

}  // namespace aloha::mail
