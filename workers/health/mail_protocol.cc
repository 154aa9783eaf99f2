#include "workers/health/mail_protocol.h"

#include <algorithm>

#include "workers/mail/smtp_reply.h"

namespace aloha::health {
namespace {

// Cuts a stream into lines that end with LF; a CR before it is dropped, but counts for the length.
class LineReader {
 public:
  void Clear() { line_.clear(), complete_ = too_long_ = false; }

  // Takes bytes up to the end of the line from `bytes`. True: line() is complete.
  bool Take(std::string_view* bytes) {
    if (complete_) Clear();
    const size_t end = bytes->find('\n');
    const std::string_view part = bytes->substr(0, end);
    too_long_ = too_long_ || part.size() > kMaxLine - line_.size();
    line_.append(part.substr(0, kMaxLine - line_.size()));
    bytes->remove_prefix(end == std::string_view::npos ? bytes->size() : end + 1);
    if (end == std::string_view::npos) return false;
    if (line_.ends_with('\r')) line_.pop_back();
    return complete_ = true;
  }

  bool too_long() const { return too_long_; }
  // The line, or what there is of it.
  std::string_view line() const { return line_; }
  // What there is of a line that has not ended.
  std::string_view part() const { return complete_ ? std::string_view() : line_; }

 private:
  std::string line_;
  bool complete_ = false;
  bool too_long_ = false;
};

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// True when the line is `word`, in any case, alone or before a space.
bool BeginsWithWord(std::string_view line, std::string_view word) {
  if (line.size() < word.size()) return false;
  const bool same = std::equal(word.begin(), word.end(), line.begin(),
                               [](char w, char c) { return w == Upper(c); });
  return same && (line.size() == word.size() || line[word.size()] == ' ');
}

// The failure text of a stream that ended inside or before a line.
std::string ClosedText(std::string_view awaited, std::string_view part) {
  if (part.empty()) return "connection closed before the " + std::string(awaited);
  return "connection closed in the " + std::string(awaited) + " " + Quote(part);
}

std::string TooLongText(std::string_view awaited, std::string_view part) {
  return std::string(awaited) + " has a line of more than " + std::to_string(kMaxLine) +
         " bytes: " + Quote(part);
}

// One line decides: its first word must be one of two.
class GreetingDialogue final : public Dialogue {
 public:
  GreetingDialogue(std::string_view word, std::string_view other) : word_(word), other_(other) {}

  Verdict Restart() override {
    reader_.Clear();
    return Verdict::kMore;
  }

  Verdict Feed(std::string_view bytes) override {
    const bool complete = reader_.Take(&bytes);
    if (reader_.too_long()) return Fail(TooLongText(awaited(), reader_.line()));
    if (!complete) return Verdict::kMore;
    if (BeginsWithWord(reader_.line(), word_)) return Succeed(word_);
    if (BeginsWithWord(reader_.line(), other_)) return Succeed(other_);
    return Fail("greeting was " + Quote(reader_.line()));
  }

  Verdict Closed() override { return Fail(ClosedText(awaited(), reader_.part())); }
  std::string_view awaited() const override { return "greeting"; }

 private:
  const std::string_view word_, other_;
  LineReader reader_;
};

class SmtpDialogue final : public Dialogue {
 public:
  explicit SmtpDialogue(const std::string& ehlo_name)
      : ehlo_("EHLO " + (ehlo_name.empty() ? "aloha.check.invalid" : ehlo_name) + "\r\n") {}

  Verdict Restart() override {
    reader_.Clear();
    expected_ = Expected::kGreeting;
    code_ = 0;
    return Verdict::kMore;
  }

  Verdict Feed(std::string_view bytes) override {
    while (!bytes.empty()) {
      const bool complete = reader_.Take(&bytes);
      if (reader_.too_long()) return Fail(TooLongText(awaited(), reader_.line()));
      if (!complete) return Verdict::kMore;
      const Verdict verdict = TakeLine();
      if (verdict != Verdict::kMore) return verdict;
    }
    return Verdict::kMore;
  }

  Verdict Closed() override {
    if (expected_ == Expected::kFarewell) return Succeed("250");
    return Fail(ClosedText(awaited(), reader_.part()));
  }

  std::string_view awaited() const override {
    switch (expected_) {
      case Expected::kGreeting:
        return "greeting";
      case Expected::kEhloReply:
        return "answer to EHLO";
      case Expected::kFarewell:
        break;
    }
    return "answer to QUIT";
  }

 private:
  enum class Expected { kGreeting, kEhloReply, kFarewell };

  Verdict TakeLine() {
    const auto reply = mail::ReadSmtpReplyLine(reader_.line());
    // Every line of a reply carries the same code.
    const bool orderly = reply && (code_ == 0 || code_ == reply->code);
    const int wanted = expected_ == Expected::kGreeting ? 220 : 250;
    if (expected_ != Expected::kFarewell && (!orderly || reply->code != wanted)) {
      return Fail(std::string(awaited()) + " was " + Quote(reader_.line()));
    }
    if (!reply || !reply->last) {
      code_ = reply ? reply->code : 0;
      return Verdict::kMore;
    }
    code_ = 0;
    switch (expected_) {
      case Expected::kGreeting:
        expected_ = Expected::kEhloReply;
        Say(ehlo_);
        return Verdict::kMore;
      case Expected::kEhloReply:
        expected_ = Expected::kFarewell;
        Say("QUIT\r\n");
        return Verdict::kMore;
      case Expected::kFarewell:
        break;
    }
    return Succeed("250");
  }

  const std::string ehlo_;
  LineReader reader_;
  Expected expected_ = Expected::kGreeting;
  int code_ = 0;  // of the reply whose last line has not come; 0: none
};

}  // namespace

std::unique_ptr<Dialogue> MakeImapDialogue() {
  return std::make_unique<GreetingDialogue>("* OK", "* PREAUTH");
}

std::unique_ptr<Dialogue> MakePop3Dialogue() {
  return std::make_unique<GreetingDialogue>("+OK", "+OK");
}

std::unique_ptr<Dialogue> MakeSmtpDialogue(const std::string& ehlo_name) {
  return std::make_unique<SmtpDialogue>(ehlo_name);
}

}  // namespace aloha::health
