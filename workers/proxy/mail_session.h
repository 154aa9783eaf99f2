// A session whose TLS begins in the middle of its dialogue: STARTTLS or STLS from its client,
// STARTTLS towards an SMTP server, or both.
#ifndef ALOHA_WORKERS_PROXY_MAIL_SESSION_H_
#define ALOHA_WORKERS_PROXY_MAIL_SESSION_H_

#include <memory>
#include <string>
#include <string_view>

#include "workers/mail/dialogue.h"
#include "workers/mail/smtp_starttls.h"
#include "workers/proxy/tcp_session.h"

namespace aloha::proxy {

// It looks for a server at once, since the greeting comes from there. Where the server has
// STARTTLS, TLS stands before the client hears a word. Then it follows the dialogue (workers/mail)
// as long as that says, and from then on is a session that moves bytes.
class MailSession final : public TcpSession {
 public:
  using TcpSession::TcpSession;

 private:
  // What it is only until bytes move.
  struct Talk {
    std::unique_ptr<mail::SmtpStarttls> with_server;  // TLS with the server does not stand yet
    std::unique_ptr<mail::Dialogue> dialogue;
    // What follows once everything that was said is on its way.
    mail::Dialogue::Step after;
    bool readable[2] = {true, true};
    bool client_ended = false;
    bool securing = false;  // the handshake with the client is aloha-tls's
  };

  void OnConnected(uint32_t events) override;
  void OnTraffic(uint32_t events, Side from) override;
  void OnServerGone(Cause cause) override;
  void OnClientSecured(Result<> secured) override;
  uint64_t IdleDeadlineMs() const override;
  void OnIdle() override;

  // STARTTLS with the server:
  bool SecuringServer() const { return talk_ && talk_->with_server; }
  void BeginWithServer();
  void HearServerBeforeTls();
  void LeaveServerBeforeTls(std::string_view reason);
  // The dialogue:
  void BeginDialogue(const std::string& greeting);
  void Converse();
  void Hear(Side side);
  void Follow(mail::Dialogue::Step step);
  void Proceed();
  void EndDialogue();
  // Passes on what this side said, or said to it in its name. False: the session has ended.
  bool Say(Side from, std::string_view bytes);
  // What waits for both sides is on its way. False: it waits, or the session has ended.
  bool Flush();

  std::unique_ptr<Talk> talk_;  // null: bytes move
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_MAIL_SESSION_H_
