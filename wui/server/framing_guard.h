// Watches the bytes of a client on their way to the HTTP server, and lets no request through whose
// end, or meaning, two readers could see differently: the strict reader of the data path
// (workers/http) must find nothing to refuse.
#ifndef ALOHA_WUI_SERVER_FRAMING_GUARD_H_
#define ALOHA_WUI_SERVER_FRAMING_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aloha::wui {

class FramingGuard {
 public:
  static constexpr size_t kMaxHead = 16 * 1024;
  static constexpr ptrdiff_t kMaxLines = 128;  // of a head
  static constexpr uint64_t kMaxBody = 512 * 1024;

  enum class State {
    kBetween,  // the next request has not begun
    kHead,
    kBody,
    kRefused,
  };

  // Looks at the next bytes. Refused: none of them may go further, and no more may come.
  State Take(std::string_view bytes);
  State state() const { return state_; }
  // Why: an HTTP status, and a static text for people.
  int status() const { return status_; }
  const char* reason() const { return reason_; }
  // Whole requests so far.
  uint64_t requests() const { return requests_; }

 private:
  // How many of the bytes belong to the head.
  size_t TakeHead(std::string_view bytes);
  void ReadHead();
  void Refuse(int status, const char* reason);

  State state_ = State::kBetween;
  std::string head_;
  size_t scanned_ = 0;      // of the head
  uint64_t body_left_ = 0;  // bytes
  uint64_t requests_ = 0;
  int status_ = 0;
  const char* reason_ = "";
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_SERVER_FRAMING_GUARD_H_
