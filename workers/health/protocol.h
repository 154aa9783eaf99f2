// The conversation of one probe, without any I/O: bytes in, bytes out, a verdict. Everything that
// comes from a server is hostile until parsed; what is kept of it is bounded here, and what is
// shown of it is escaped.
#ifndef ALOHA_WORKERS_HEALTH_PROTOCOL_H_
#define ALOHA_WORKERS_HEALTH_PROTOCOL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "worker/v1/snapshot.pb.h"

namespace aloha::health {

enum class Verdict {
  kMore,     // undecided: send the output, then feed what comes
  kSuccess,  // the server does what was asked; reason() says which sign of it was seen
  kFailure,  // reason() says what was wrong, for an administrator
};

// Longest line of a mail protocol that is read.
inline constexpr size_t kMaxLine = 2048;
// Longest HTTP response head that is read.
inline constexpr size_t kMaxHead = 16 * 1024;
// How much of a decoded HTTP body is looked at.
inline constexpr size_t kMaxBody = 64 * 1024;
// Most bytes that one probe reads.
inline constexpr size_t kMaxReceived = kMaxHead + kMaxBody;

// One protocol spoken to one server. Made once per check and started anew for every probe, so that
// a probe allocates nothing once its buffers have grown.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  Dialogue() = default;
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  // Forgets the last probe. The verdict is what an established connection alone means, before any
  // byte was received: kMore or kSuccess.
  Verdict Begin() {
    output_.clear();
    return Restart();
  }
  // Takes the next bytes, split anywhere. Not called again after a final verdict.
  virtual Verdict Feed(std::string_view bytes) = 0;
  // The server closed its side. Always final.
  virtual Verdict Closed() = 0;
  // What the server owes now, for "no … within 2s": "greeting", "answer to EHLO".
  virtual std::string_view awaited() const = 0;

  // What is to be sent; empty: nothing.
  std::string_view output() const { return output_; }
  // The first `count` bytes of it were sent.
  void Sent(size_t count) { output_.erase(0, count); }
  // Of the last final verdict.
  const std::string& reason() const { return reason_; }

 protected:
  virtual Verdict Restart() = 0;
  void Say(std::string_view bytes) { output_ += bytes; }
  Verdict Succeed(std::string_view sign);
  Verdict Fail(std::string reason);

 private:
  std::string output_;
  std::string reason_;
};

// Makes the dialogue that a check asks for. The check must be valid; see spec.h.
std::unique_ptr<Dialogue> MakeDialogue(const worker::v1::Check& check);

// Bytes from a server as a quoted text: escaped, cut at 80 of its bytes.
std::string Quote(std::string_view bytes);

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_PROTOCOL_H_
