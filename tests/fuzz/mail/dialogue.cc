// A client and a server talk in turns of the fuzzer's choice. The first byte chooses the protocol
// and whether TLS is required; then each piece begins with 0xfe (the client's) or 0xff (the
// server's). Holds whatever they say: the client's STARTTLS never reaches the server, nothing read
// before TLS goes anywhere after it, and capabilities are edited.
#include "workers/mail/dialogue.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace aloha::mail {
namespace {

using Next = Dialogue::Next;

void Require(bool holds) {
  if (!holds) abort();
}

// Calls visit(line) for each whole line.
template <typename Visit>
void ForEachLine(std::string_view bytes, Visit visit) {
  while (const auto line = FirstLine(bytes)) {
    visit(line->text);
    bytes.remove_prefix(line->raw.size());
  }
}

class Fuzzer {
 public:
  Fuzzer(Protocol protocol, bool required)
      : protocol_(protocol), dialogue_(Dialogue::Make(protocol, required)) {}

  void Feed(bool client, std::string_view bytes) {
    if (next_ != Next::kGoOn) return;
    if (client) bytes = bytes.substr(0, dialogue_->Room());
    const auto step = client ? dialogue_->FromClient(bytes) : dialogue_->FromServer(bytes);
    // What this step answers was asked before it.
    const std::string asked = step.to_client.empty() ? "" : std::exchange(asked_, {});
    Require(!step.injected || step.next == Next::kEnd);
    Require((step.next == Next::kEnd) == !step.reason.empty());
    if (step.next != Next::kPipe) CheckCommands(step.to_server);
    if (!client && step.next != Next::kPipe) CheckCapabilities(asked, step.to_client);
    next_ = step.next;
    if (next_ == Next::kHandshake) BeginTls();
  }

 private:
  void BeginTls() {
    Require(!secure_);
    secure_ = true;
    dialogue_->OnTls();
    Require(dialogue_->Room() == Dialogue::kMaxHeld);
    for (const bool client : {true, false}) {
      const auto step = client ? dialogue_->FromClient("") : dialogue_->FromServer("");
      Require(step.to_client.empty() && step.to_server.empty() && step.next == Next::kGoOn);
    }
    next_ = Next::kGoOn;
  }

  // What goes to the server, as long as no content is among it.
  void CheckCommands(std::string_view bytes) {
    ForEachLine(bytes, [this](std::string_view line) {
      asked_ = line;
      if (protocol_ == Protocol::kImap) (void)TakeWord(&line);
      const std::string_view command = TakeWord(&line);
      content_ = content_ || IsOneOf(command, {"DATA", "BDAT"});
      if (content_) return;
      Require(!IsOneOf(command, {"STARTTLS", "STLS"}));
      if (!secure_)
        Require(!IsOneOf(command, {"AUTH", "AUTHENTICATE", "LOGIN", "USER", "PASS", "APOP"}));
    });
  }

  void CheckCapabilities(std::string_view asked, std::string_view answer) {
    if (content_) return;
    const std::string_view question = TakeWord(&asked);
    bool first = true, over = protocol_ != Protocol::kSmtp || !IsOneOf(question, {"EHLO"});
    ForEachLine(answer, [&](std::string_view line) {
      content_ = content_ || (protocol_ == Protocol::kImap && line.ends_with('}'));
      if (content_) return;
      if (!first && !over) CheckExtension(line);
      if (protocol_ == Protocol::kImap && line.starts_with("* CAPABILITY ")) CheckImap(line);
      first = false;
      over = over || !line.starts_with("250-");
    });
  }

  void CheckExtension(std::string_view line) {
    if (!line.starts_with("250") || line.size() < 4) return;
    const std::string_view keyword = line.substr(4, line.find_first_of(" =", 4) - 4);
    if (secure_) Require(!IsOneOf(keyword, {"STARTTLS"}));
    if (!secure_) Require(!IsOneOf(keyword, {"AUTH"}));
  }

  void CheckImap(std::string_view line) {
    bool starttls = false;
    while (!line.empty()) {
      const std::string_view name = TakeWord(&line);
      starttls = starttls || IsOneOf(name, {"STARTTLS"});
      Require(secure_ || !name.starts_with("AUTH="));
    }
    Require(starttls == !secure_);
  }

  const Protocol protocol_;
  const std::unique_ptr<Dialogue> dialogue_;
  Next next_ = Next::kGoOn;
  std::string asked_;  // the last command that went to the server
  bool secure_ = false;
  bool content_ = false;  // some was passed: its lines mean nothing
};

}  // namespace
}  // namespace aloha::mail

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using aloha::mail::Protocol;
  if (size == 0) return 0;
  static constexpr Protocol kProtocols[] = {Protocol::kSmtp, Protocol::kImap, Protocol::kPop3};
  aloha::mail::Fuzzer fuzzer(kProtocols[data[0] % 3], (data[0] & 0x80) != 0);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!bytes.empty()) {
    const bool client = bytes[0] != '\xff';
    bytes.remove_prefix(bytes[0] == '\xfe' || bytes[0] == '\xff' ? 1 : 0);
    const size_t end = std::min(bytes.find_first_of("\xfe\xff"), bytes.size());
    fuzzer.Feed(client, bytes.substr(0, end));
    bytes.remove_prefix(end);
  }
  return 0;
}
