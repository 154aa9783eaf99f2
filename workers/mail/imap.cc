// IMAP (RFC 9051, RFC 3501) before the client signs in: not authenticated, STARTTLS, LOGINDISABLED.
#include <charconv>
#include <utility>

#include "workers/mail/protocols.h"

namespace aloha::mail {
namespace {

constexpr std::string_view kCapability = "CAPABILITY";

// A literal that a line announces at its end (RFC 9051 section 4.3, RFC 7888).
struct Literal {
  uint64_t size = 0;
  bool waits = true;  // the sender waits until it is asked for
};

std::optional<Literal> AnnouncedLiteral(std::string_view line) {
  const size_t open = line.rfind('{');
  if (!line.ends_with('}') || open == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(open + 1, line.size() - open - 2);
  Literal literal{.waits = !digits.ends_with('+') && !digits.ends_with('-')};
  if (!literal.waits) digits.remove_suffix(1);
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, literal.size);
  if (error != std::errc() || at != end) return std::nullopt;
  return literal;
}

// What stands in the tag of a command (RFC 9051 section 9), which comes back in its answer.
bool IsTag(std::string_view tag) {
  return !tag.empty() && tag.find_first_of("(){%*\"\\+") == std::string_view::npos;
}

// The list behind CAPABILITY, as the client is to see it.
std::string Edited(std::string_view list, bool secure) {
  std::string edited;
  while (!list.empty()) {
    const std::string_view name = TakeWord(&list);
    const bool own = IsOneOf(name, {"STARTTLS"}) || (!secure && IsOneOf(name, {"LOGINDISABLED"}));
    const bool signs_in = !secure && EqualsIgnoringCase(name.substr(0, 5), "AUTH=");
    if (!name.empty() && !own && !signs_in) edited.append(" ").append(name);
  }
  return secure ? edited : edited + " STARTTLS LOGINDISABLED";
}

// Where the list of capabilities stands in a line of a server: an untagged answer, or the code of
// one (RFC 9051 sections 7.1 and 7.2.2). npos: nowhere.
struct Place {
  size_t begin = std::string_view::npos;
  size_t size = 0;
};
Place CapabilitiesIn(std::string_view line) {
  std::string_view rest = line;
  const std::string_view tag = TakeWord(&rest);
  const size_t after_tag = line.size() - rest.size();
  const std::string_view word = TakeWord(&rest);
  size_t begin = line.size() - rest.size();
  if (tag == "*" && EqualsIgnoringCase(word, kCapability)) return {begin, line.size() - begin};
  if (after_tag == line.size() || !IsOneOf(word, {"OK", "NO", "BAD", "BYE"})) return {};
  if (!rest.starts_with('[')) return {};
  rest.remove_prefix(1);
  if (!EqualsIgnoringCase(TakeWord(&rest), kCapability)) return {};
  begin = line.size() - rest.size();
  return {begin, std::min(rest.find(']'), rest.size())};
}

class Imap final : public Dialogue {
 public:
  Imap() : Dialogue("* BAD ") {}

 private:
  void OnCommand(std::string_view line) override;
  void OnServerLine(const Line& line) override;
  size_t TakeServerContent(std::string_view bytes) override;

  void OnStartTls(std::string_view tag, std::string_view arguments);
  void OnGreeting(const Line& line);
  void Show(const Line& line);

  std::string tag_;            // of the command whose answer is awaited
  uint64_t literal_left_ = 0;  // of a literal of the server
  bool greeted_ = false;
  bool continued_ = false;  // the next line goes on behind a literal
};

void Imap::OnCommand(std::string_view line) {
  std::string_view arguments = line;
  const std::string_view tag = TakeWord(&arguments);
  const std::string_view command = TakeWord(&arguments);
  if (!IsTag(tag) || command.empty()) return Refuse("* BAD No command");
  if (IsOneOf(command, {"STARTTLS"})) return OnStartTls(tag, arguments);
  const auto literal = AnnouncedLiteral(line);
  if (IsOneOf(command, {"CAPABILITY", "NOOP", "LOGOUT", "ID"}) && !literal) {
    tag_ = tag;
    return Pass(line);
  }
  if (secure()) return BecomePipe(line);
  Refuse(std::string(tag) + " NO [PRIVACYREQUIRED] Must issue a STARTTLS command first");
  // What follows is no command.
  if (literal && !literal->waits) BlameClient("the client sent a literal before TLS");
}

void Imap::OnStartTls(std::string_view tag, std::string_view arguments) {
  if (secure()) return Refuse(std::string(tag) + " BAD TLS is active");
  if (!arguments.empty()) return Refuse(std::string(tag) + " BAD STARTTLS takes no arguments");
  BeginTls(std::string(tag) + " OK Begin TLS negotiation now");
}

size_t Imap::TakeServerContent(std::string_view bytes) {
  const size_t taken = static_cast<size_t>(std::min<uint64_t>(literal_left_, bytes.size()));
  literal_left_ -= taken;
  return taken;
}

void Imap::OnServerLine(const Line& line) {
  const bool begins = !std::exchange(continued_, false);
  if (const auto literal = AnnouncedLiteral(line.text)) {
    literal_left_ = literal->size;
    continued_ = true;
  }
  if (!begins) return Tell(line.raw);
  if (!greeted_) return OnGreeting(line);
  Show(line);
  std::string_view rest = line.text;
  if (awaiting_answer() && TakeWord(&rest) == tag_) AwaitAnswer(false);
}

// A session that is signed in from the beginning could not have TLS any more (RFC 9051 section
// 7.1.4).
void Imap::OnGreeting(const Line& line) {
  std::string_view rest = line.text;
  const bool untagged = TakeWord(&rest) == "*";
  const std::string_view word = TakeWord(&rest);
  if (!untagged || !IsOneOf(word, {"OK", "BYE"})) {
    return BlameServer("the server's greeting was neither OK nor BYE");
  }
  greeted_ = true;
  AwaitAnswer(false);
  Show(line);
}

void Imap::Show(const Line& line) {
  const Place list = CapabilitiesIn(line.text);
  if (list.begin == std::string_view::npos) return Tell(line.raw);
  if (continued_) return BlameServer("the server sent a literal among its capabilities");
  std::string_view before = line.text.substr(0, list.begin);
  if (before.ends_with(' ')) before.remove_suffix(1);
  Tell(before);
  Tell(Edited(line.text.substr(list.begin, list.size), secure()));
  Tell(line.text.substr(list.begin + list.size));
  Tell("\r\n");
}

}  // namespace

std::unique_ptr<Dialogue> MakeImap() { return std::make_unique<Imap>(); }

}  // namespace aloha::mail
