// The dialogue of a mail client and its server around STARTTLS (STLS), which ends here: before TLS
// and after it, until the client signs in. Bytes in, decisions and bytes out; no sockets.
//
// Commands go to the server one at a time: the next one is looked at when the server has answered
// the one before. Clients may send several at once (RFC 2920) and get every answer in order,
// whoever gives it, and when TLS begins no answer is outstanding. STARTTLS itself never reaches the
// server.
//
// Greeting and capabilities are the server's, edited: before TLS, STARTTLS is offered, and how to
// sign in is not; after TLS, STARTTLS is not offered.
//
// Before TLS only what is known here goes to the server, and never credentials: on a connection
// that can have TLS they are refused without it. SMTP carries mail that needs none (from other
// servers on port 25) unless TLS is required; IMAP and POP3 have nothing to give before the client
// signs in. After TLS the first command that matters (signing in, a mail, anything unknown) turns
// the session into a pipe.
#ifndef ALOHA_WORKERS_MAIL_DIALOGUE_H_
#define ALOHA_WORKERS_MAIL_DIALOGUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "workers/mail/lines.h"

namespace aloha::mail {

enum class Protocol : uint8_t {
  kSmtp,  // RFC 5321, RFC 3207
  kImap,  // RFC 9051 section 6.2.1
  kPop3,  // RFC 1939, RFC 2595 section 4
};

class Dialogue {
 public:
  // Of a client's line (RFC 4954 section 4: 12,288 with AUTH) and of a server's.
  static constexpr size_t kMaxLine = 12 * 1024;
  // Of the client's bytes that wait for their turn.
  static constexpr size_t kMaxHeld = 16 * 1024;
  // Commands refused before the session ends: whoever guesses passwords here does not guess long.
  static constexpr uint32_t kMaxRefused = 20;

  enum class Next : uint8_t {
    kGoOn,
    kHandshake,  // send to_client, then TLS begins with the client; after it, OnTls
    kPipe,       // send both, then move bytes; the dialogue is over
    kEnd,        // send to_client, then the session ends for `reason`
  };
  struct Step {
    std::string to_client, to_server;
    Next next = Next::kGoOn;
    std::string_view reason;       // static, for the log
    bool server_to_blame = false;  // for that
    bool injected = false;         // the client sent more behind STARTTLS, all of it dropped
  };

  // required: before TLS nothing goes to the server that is not a greeting, a question for
  // capabilities or an end.
  static std::unique_ptr<Dialogue> Make(Protocol protocol, bool required);
  virtual ~Dialogue() = default;

  // The client said `bytes`, at most Room().
  Step FromClient(std::string_view bytes);
  // The server said `bytes`, the first of them its greeting.
  Step FromServer(std::string_view bytes);
  // The handshake with the client is done: the protocol begins anew, but for the greeting.
  void OnTls();

  // Bytes that FromClient takes now; 0: first the server has to answer.
  size_t Room() const { return kMaxHeld - held_.size(); }
  // No command waits for its turn, at most the beginning of one.
  bool HoldsNoCommand() const { return held_.empty() || !awaiting_; }

 protected:
  // begin_error: the first words of an answer to what is no command.
  explicit Dialogue(std::string_view begin_error) : begin_error_(begin_error) {}

  // What the protocol does:
  // the next command, whole, without its end and without control characters;
  virtual void OnCommand(std::string_view line) = 0;
  // the next line of the server; says itself whether an answer is outstanding after it;
  virtual void OnServerLine(const Line& line) = 0;
  // how much of `held`, the client's, is no command but content, which goes to the server as it is;
  virtual size_t TakeContent(std::string_view /*held*/) { return 0; }
  // how much of what the server says is no line;
  virtual size_t TakeServerContent(std::string_view /*bytes*/) { return 0; }
  // TLS has begun.
  virtual void Restart() {}

  bool secure() const { return secure_; }
  void AwaitAnswer(bool await) { awaiting_ = await; }
  bool awaiting_answer() const { return awaiting_; }
  // A command goes to the server, whose answer is awaited.
  void Pass(std::string_view line);
  // Text for the client; complete lines.
  void Tell(std::string_view lines) { step_.to_client += lines; }
  // A line for the client instead of the server's answer.
  void Refuse(std::string_view answer);
  // TLS begins after this answer.
  void BeginTls(std::string_view answer);
  // The command and everything after it goes to the server.
  void BecomePipe(std::string_view line);
  // The session ends, by the client's or the server's fault.
  void BlameClient(std::string_view reason);
  void BlameServer(std::string_view reason);

 private:
  Step Finish();
  void TakeCommands();
  void TakeCommand(std::string_view line);
  void EndWithError(std::string_view what, std::string_view reason);

  const std::string_view begin_error_;
  std::string held_;          // the client's bytes that wait
  std::string server_bytes_;  // the beginning of a server's line
  std::string ready_;         // the answer after which TLS begins
  Step step_;                 // what the present call has come to
  uint32_t refused_ = 0;
  bool awaiting_ = true;  // an answer is outstanding; first of all the greeting
  bool secure_ = false;   // TLS with the client stands
};

}  // namespace aloha::mail

#endif  // ALOHA_WORKERS_MAIL_DIALOGUE_H_
