#include "workers/health/mail_submission.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "workers/health/protocol.h"

namespace aloha::health {
namespace {

constexpr size_t kMaxReplyLine = 2048;

std::string Printable(std::string_view text, bool spaces) {
  std::string out(text);
  const char least = spaces ? ' ' : '!';
  std::replace_if(
      out.begin(), out.end(), [least](char c) { return c < least || c >= '\x7f'; }, '_');
  return out;
}

// Lines of at most 76 characters.
std::string QuotedPrintable(std::string_view text) {
  constexpr size_t kWidth = 75;
  std::string out;
  size_t column = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = (c > ' ' && c < '\x7f' && c != '=') || (c == ' ' && !at_end);
    const std::string unit =
        plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
    if (column + unit.size() > kWidth) {
      out += "=\r\n";
      column = 0;
    }
    out += unit;
    column += unit.size();
  }
  return out;
}

// RFC 5321 section 4.5.2, and the line that ends the message.
std::string Stuffed(std::string_view message) {
  std::string out = message.starts_with('.') ? "." : "";
  for (size_t i = 0; i < message.size(); ++i) {
    out += message[i];
    if (message[i] == '\n' && i + 1 < message.size() && message[i + 1] == '.') out += '.';
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out + ".";
}

}  // namespace

std::string FormatMail(const Mail& mail) {
  constexpr int64_t kSecond = 1'000'000;
  const std::string host = Printable(mail.host_name, false);
  // Names of days and months as in the C locale, which this process has.
  return fmt::format(
      "From: Aloha <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} +0000\r\n"
      "Message-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
      "\r\n{}\r\n",
      mail.from, fmt::join(mail.to, ",\r\n "), Printable(mail.subject, true),
      fmt::gmtime(static_cast<time_t>(mail.time_us / kSecond)), mail.id,
      host.empty() ? "localhost" : host, QuotedPrintable(mail.text));
}

MailSubmission::MailSubmission(Mail mail) : mail_(std::move(mail)) {
  const std::string host = Printable(mail_.host_name, false);
  steps_.push_back({"", "greeting", 2});
  steps_.push_back({"EHLO " + (host.empty() ? "localhost" : host), "answer to EHLO", 2});
  steps_.push_back({"MAIL FROM:<" + mail_.from + ">", "answer to MAIL FROM", 2});
  for (const std::string& to : mail_.to) {
    steps_.push_back({"RCPT TO:<" + to + ">", "answer to RCPT TO:<" + to + ">", 2, true});
  }
  steps_.push_back({"DATA", "answer to DATA", 3});
  steps_.push_back({"", "answer to the message", 2});
  awaited_ = steps_.front().name;
}

MailSubmission::State MailSubmission::Feed(std::string_view bytes) {
  to_send_.clear();
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kMaxReplyLine) return Refuse(awaited_ + " has a line that is too long");
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    const std::string line = std::exchange(line_, {});
    if (!reply_.Add(line)) return Refuse(fmt::format("{} was {}", awaited_, Quote(line)));
    if (!reply_.complete()) continue;
    // It waits for us now, and has nothing more to say.
    if (!bytes.empty()) return Refuse(fmt::format("more came than the {}", awaited_));
    return OnReply(line);
  }
  return State::kGoesOn;
}

MailSubmission::State MailSubmission::OnReply(std::string_view last_line) {
  const Step& step = steps_[step_];
  const bool good = reply_.code() / 100 == step.expected;
  if (!good) {
    std::string what = fmt::format("{} was {}", awaited_, Quote(last_line));
    if (!step.recipient) return Refuse(std::move(what));
    refused_.push_back(std::move(what));
    if (refused_.size() == mail_.to.size()) return Refuse(refused_.front());
  }
  ++step_;
  if (step_ == steps_.size()) {
    to_send_ = "QUIT\r\n";
    return State::kTaken;
  }
  awaited_ = steps_[step_].name;
  const bool message = step_ + 1 == steps_.size();
  to_send_ = (message ? Message() : steps_[step_].command) + "\r\n";
  return State::kGoesOn;
}

std::string MailSubmission::Message() const {
  Mail mail = mail_;
  if (!refused_.empty()) {
    mail.text += fmt::format("\nThe mail server did not take this mail for everybody:\n{}\n",
                             fmt::join(refused_, "\n"));
  }
  return Stuffed(FormatMail(mail));
}

MailSubmission::State MailSubmission::Refuse(std::string reason) {
  reason_ = std::move(reason);
  return State::kRefused;
}

}  // namespace aloha::health
