// SMTP (RFC 5321) with STARTTLS (RFC 3207), AUTH (RFC 4954) and BDAT (RFC 3030).
#include <charconv>
#include <utility>

#include "workers/mail/protocols.h"
#include "workers/mail/smtp_reply.h"

namespace aloha::mail {
namespace {

enum class Command {
  kEhlo,
  kHelo,
  kNeutral,  // means the same with and without TLS
  kStartTls,
  kAuth,
  kMail,  // part of a mail, or a question
  kData,
  kBdat,
  kUnknown,
};

Command Classify(std::string_view verb) {
  if (IsOneOf(verb, {"EHLO"})) return Command::kEhlo;
  if (IsOneOf(verb, {"HELO"})) return Command::kHelo;
  if (IsOneOf(verb, {"NOOP", "RSET", "QUIT"})) return Command::kNeutral;
  if (IsOneOf(verb, {"STARTTLS"})) return Command::kStartTls;
  if (IsOneOf(verb, {"AUTH", "X-EXPS"})) return Command::kAuth;
  if (IsOneOf(verb, {"MAIL", "RCPT", "VRFY", "EXPN", "HELP", "ETRN"})) return Command::kMail;
  if (IsOneOf(verb, {"DATA"})) return Command::kData;
  if (IsOneOf(verb, {"BDAT"})) return Command::kBdat;
  return Command::kUnknown;
}

// Finds the line with a single dot, between CRLF and CRLF only: a bare LF ends no line (RFC 5321
// section 4.1.1.4).
class DotFinder {
 public:
  bool looking() const { return looking_; }
  // The content begins here, and with it a line.
  void Look() { looking_ = true, matched_ = 2; }

  // Bytes up to and including the dot line, or all.
  size_t Take(std::string_view bytes) {
    static constexpr std::string_view kEnd = "\r\n.\r\n";
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] == kEnd[matched_]) {
        ++matched_;
      } else {
        matched_ = bytes[i] == '\r' ? 1 : 0;
      }
      if (matched_ < kEnd.size()) continue;
      looking_ = false;
      return i + 1;
    }
    return bytes.size();
  }

 private:
  bool looking_ = false;
  size_t matched_ = 0;
};

class Smtp final : public Dialogue {
 public:
  explicit Smtp(bool required) : Dialogue("500 5.5.2 "), required_(required) {}

 private:
  void OnCommand(std::string_view line) override;
  void OnServerLine(const Line& line) override;
  size_t TakeContent(std::string_view held) override;
  void Restart() override { greeted_ = false; }

  void OnClearCommand(Command command, std::string_view line, std::string_view arguments);
  void OnSecureCommand(Command command, std::string_view line);
  void OnStartTls(std::string_view arguments);
  void RefuseCommand(Command command, std::string_view answer);
  void PassCommand(Command command, std::string_view line);
  void PassBdat(std::string_view line, std::string_view arguments);
  void OnReply(int code);

  const bool required_;
  bool greeted_ = false;                 // the client said EHLO or HELO since TLS began
  Command command_ = Command::kUnknown;  // whose reply is awaited
  SmtpReply reply_;                      // the present, or the last
  DotFinder data_;                       // the content of DATA
  uint64_t bdat_left_ = 0;               // of the content of BDAT
};

void Smtp::OnCommand(std::string_view line) {
  std::string_view arguments = line;
  const Command command = Classify(TakeWord(&arguments));
  if (command == Command::kStartTls) return OnStartTls(arguments);
  secure() ? OnSecureCommand(command, line) : OnClearCommand(command, line, arguments);
}

void Smtp::OnStartTls(std::string_view arguments) {
  if (secure()) return Refuse("503 5.5.1 TLS is active");
  if (!arguments.empty()) return Refuse("501 5.5.4 STARTTLS takes no parameters");
  BeginTls("220 2.0.0 Ready to start TLS");
}

void Smtp::OnClearCommand(Command command, std::string_view line, std::string_view arguments) {
  switch (command) {
    case Command::kEhlo:
    case Command::kHelo:
    case Command::kNeutral:
      return PassCommand(command, line);
    case Command::kAuth:
      return Refuse("538 5.7.11 Encryption required for requested authentication mechanism");
    default:
      break;
  }
  if (required_) return RefuseCommand(command, "530 5.7.0 Must issue a STARTTLS command first");
  switch (command) {
    case Command::kMail:
    case Command::kData:
      return PassCommand(command, line);
    case Command::kBdat:
      return PassBdat(line, arguments);
    default:
      return Refuse("500 5.5.1 Command not recognized");
  }
}

// The chunk of a BDAT comes without waiting for the answer, and is no command.
void Smtp::RefuseCommand(Command command, std::string_view answer) {
  Refuse(answer);
  if (command == Command::kBdat) BlameClient("the client sent a chunk of mail too early");
}

void Smtp::PassBdat(std::string_view line, std::string_view arguments) {
  const std::string_view size = TakeWord(&arguments);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), bdat_left_);
  if (error != std::errc() || end != size.data() + size.size()) {
    Refuse("501 5.5.4 BDAT needs a size");
    return BlameClient("the client sent a BDAT without a size");
  }
  PassCommand(Command::kBdat, line);
}

void Smtp::PassCommand(Command command, std::string_view line) {
  command_ = command;
  Pass(line);
}

// The server was greeted before TLS, and may have heard of a mail: what it knows of the client is
// forgotten only with a new EHLO (RFC 3207 section 4.2, RFC 5321 section 4.1.4).
void Smtp::OnSecureCommand(Command command, std::string_view line) {
  switch (command) {
    case Command::kEhlo:
    case Command::kHelo:
    case Command::kNeutral:
      return PassCommand(command, line);
    default:
      return greeted_ ? BecomePipe(line) : RefuseCommand(command, "503 5.5.1 Send EHLO first");
  }
}

size_t Smtp::TakeContent(std::string_view held) {
  if (data_.looking()) return data_.Take(held);
  const size_t taken = static_cast<size_t>(std::min<uint64_t>(bdat_left_, held.size()));
  bdat_left_ -= taken;
  return taken;
}

void Smtp::OnServerLine(const Line& line) {
  if (!reply_.Add(line.text)) return BlameServer("the server sent what is no reply of SMTP");
  AwaitAnswer(true);  // until the last line of this one, asked for or not
  const bool edit = command_ == Command::kEhlo && reply_.code() == 250;
  if (!edit) Tell(line.raw);
  if (!reply_.complete()) return;
  if (edit) Tell(reply_.EditedEhlo(secure()));
  OnReply(reply_.code());
}

void Smtp::OnReply(int code) {
  const Command command = std::exchange(command_, Command::kUnknown);
  AwaitAnswer(false);
  // Where the server does not wait for the end of the content, it may take the rest for commands.
  if (data_.looking()) return BlameServer("the server answered before the end of the mail");
  if (command == Command::kEhlo || command == Command::kHelo) greeted_ = code == 250;
  if (code < 300 || code > 399) return;
  if (command != Command::kData) return BlameServer("the server asked for what was not offered");
  data_.Look();
  AwaitAnswer(true);
}

}  // namespace

std::unique_ptr<Dialogue> MakeSmtp(bool required) { return std::make_unique<Smtp>(required); }

}  // namespace aloha::mail
