#include "workers/mail/smtp_reply.h"

#include <vector>

#include "workers/mail/lines.h"

namespace aloha::mail {
namespace {

// "SIZE" of "SIZE 1000"; "AUTH" of "AUTH=LOGIN", which servers offer to clients older than RFC
// 2554.
std::string_view Keyword(std::string_view text) { return text.substr(0, text.find_first_of(" =")); }

// What an Exchange server offers for the same purpose counts too.
bool BeginsTls(std::string_view keyword) {
  return IsOneOf(keyword, {"STARTTLS", "X-ANONYMOUSTLS"});
}
bool SignsIn(std::string_view keyword) { return IsOneOf(keyword, {"AUTH", "X-EXPS"}); }

// Calls visit(text behind the code) for each line.
template <typename Visit>
void ForEachLine(std::string_view bytes, Visit visit) {
  while (const auto line = FirstLine(bytes)) {
    visit(ReadSmtpReplyLine(line->text)->text);
    bytes.remove_prefix(line->raw.size());
  }
}

}  // namespace

std::optional<SmtpReplyLine> ReadSmtpReplyLine(std::string_view line) {
  if (line.size() < 3 || !http::IsDigits(line.substr(0, 3))) return std::nullopt;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (line.size() == 3) return SmtpReplyLine{code, true, {}};
  if (line[3] != ' ' && line[3] != '-') return std::nullopt;
  return SmtpReplyLine{code, line[3] == ' ', line.substr(4)};
}

bool SmtpReply::Add(std::string_view line) {
  const auto read = ReadSmtpReplyLine(line);
  if (!read) return false;
  if (complete_) {
    bytes_.clear();
    code_ = read->code;
  }
  if (read->code != code_ || bytes_.size() + line.size() > kMaxSize) return false;
  bytes_.append(line).append("\r\n");
  complete_ = read->last;
  return true;
}

bool SmtpReply::Offers(std::string_view keyword) const {
  bool first = true, found = false;
  ForEachLine(bytes_, [&](std::string_view text) {
    found = found || (!first && EqualsIgnoringCase(Keyword(text), keyword));
    first = false;
  });
  return found;
}

std::string SmtpReply::EditedEhlo(bool secure) const {
  std::vector<std::string_view> texts;
  ForEachLine(bytes_, [&](std::string_view text) {
    const std::string_view keyword = Keyword(text);
    const bool removed = BeginsTls(keyword) || (!secure && SignsIn(keyword));
    if (texts.empty() || !removed) texts.push_back(text);
  });
  if (!secure) texts.push_back("STARTTLS");
  std::string edited;
  for (size_t i = 0; i < texts.size(); ++i) {
    edited.append(i + 1 < texts.size() ? "250-" : "250 ").append(texts[i]).append("\r\n");
  }
  return edited;
}

}  // namespace aloha::mail
