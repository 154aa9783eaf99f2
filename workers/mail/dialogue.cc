#include "workers/mail/dialogue.h"

#include <utility>

#include "workers/mail/protocols.h"

namespace aloha::mail {
namespace {

// Control characters have no place in a command. A server might take one for the end of a line that
// goes on here.
bool HasControl(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7f;
  });
}

}  // namespace

std::unique_ptr<Dialogue> Dialogue::Make(Protocol protocol, bool required) {
  switch (protocol) {
    case Protocol::kSmtp:
      return MakeSmtp(required);
    case Protocol::kImap:
      return MakeImap();
    case Protocol::kPop3:
      break;
  }
  return MakePop3();
}

Dialogue::Step Dialogue::FromClient(std::string_view bytes) {
  held_.append(bytes);
  TakeCommands();
  return Finish();
}

// Everything that came is an answer to what was asked before: only then follows the next command.
Dialogue::Step Dialogue::FromServer(std::string_view bytes) {
  server_bytes_.append(bytes);
  size_t at = 0;
  while (step_.next == Next::kGoOn) {
    const std::string_view rest = std::string_view(server_bytes_).substr(at);
    if (const size_t content = TakeServerContent(rest); content > 0) {
      Tell(rest.substr(0, content));
      at += content;
      continue;
    }
    const auto line = FirstLine(rest);
    if (!line) {
      if (rest.size() > kMaxLine) BlameServer("the server sent a line that is too long");
      break;
    }
    at += line->raw.size();
    OnServerLine(*line);
  }
  server_bytes_.erase(0, at);
  TakeCommands();
  return Finish();
}

void Dialogue::OnTls() {
  secure_ = true;
  refused_ = 0;
  Restart();
}

void Dialogue::TakeCommands() {
  size_t at = 0;
  while (step_.next == Next::kGoOn) {
    std::string_view rest = std::string_view(held_).substr(at);
    const size_t content = TakeContent(rest);
    step_.to_server += rest.substr(0, content);
    at += content;
    rest.remove_prefix(content);
    if (rest.empty() || awaiting_) break;
    const auto line = FirstLine(rest);
    const size_t size = line ? line->raw.size() : rest.size();
    if (size > kMaxLine) {
      EndWithError("Line too long", "the client sent a line that is too long");
    } else if (!line) {
      break;
    } else {
      TakeCommand(line->text);
    }
    at += size;
  }
  held_.erase(0, at);
}

void Dialogue::TakeCommand(std::string_view line) {
  if (HasControl(line)) {
    Refuse(std::string(begin_error_) + "Control character in a command");
  } else {
    OnCommand(line);
  }
}

// What was said in the clear ends where TLS begins: what a client, or somebody between, sent behind
// STARTTLS must not be taken for something said in TLS (CVE-2011-0411), neither may what a server
// said before it was asked.
Dialogue::Step Dialogue::Finish() {
  if (step_.next == Next::kHandshake && !held_.empty()) {
    step_.injected = true;
    EndWithError("Commands behind the one that begins TLS", "the client sent more behind STARTTLS");
  } else if (step_.next == Next::kHandshake && !server_bytes_.empty()) {
    BlameServer("the server spoke out of turn before TLS");
  } else if (step_.next == Next::kHandshake) {
    Tell(ready_);
  } else if (step_.next == Next::kPipe) {
    step_.to_server += std::exchange(held_, {});
    step_.to_client += std::exchange(server_bytes_, {});
  }
  return std::exchange(step_, {});
}

void Dialogue::Pass(std::string_view line) {
  step_.to_server.append(line).append("\r\n");
  awaiting_ = true;
}

void Dialogue::Refuse(std::string_view answer) {
  Tell(answer);
  Tell("\r\n");
  if (++refused_ == kMaxRefused) BlameClient("the client was refused too often");
}

void Dialogue::BeginTls(std::string_view answer) {
  ready_.assign(answer).append("\r\n");
  step_.next = Next::kHandshake;
}

void Dialogue::BecomePipe(std::string_view line) {
  step_.to_server.append(line).append("\r\n");
  step_.next = Next::kPipe;
}

void Dialogue::BlameClient(std::string_view reason) {
  step_.next = Next::kEnd;
  step_.reason = reason;
}

void Dialogue::BlameServer(std::string_view reason) {
  BlameClient(reason);
  step_.server_to_blame = true;
}

void Dialogue::EndWithError(std::string_view what, std::string_view reason) {
  Tell(begin_error_);
  Tell(what);
  Tell("\r\n");
  BlameClient(reason);
}

}  // namespace aloha::mail
