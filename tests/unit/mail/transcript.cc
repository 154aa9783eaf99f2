#include "tests/unit/mail/transcript.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "workers/mail/dialogue.h"

namespace aloha::mail {
namespace {

constexpr std::string_view kNames = "rnt0";
constexpr std::string_view kEscaped("\r\n\t\0", 4);

std::filesystem::path Folder() {
  return std::filesystem::path(ALOHA_SOURCE_DIR) / "tests/golden/mail";
}

std::string Unescape(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t name =
        text[i] == '\\' && i + 1 < text.size() ? kNames.find(text[i + 1]) : kNames.npos;
    if (name != kNames.npos) ++i;
    bytes += name == kNames.npos ? text[i] : kEscaped[name];
  }
  return bytes;
}

// Lines of output, each with what it is.
std::string Lines(const std::string& label, const std::string& bytes) {
  std::string lines;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 0 || bytes[i - 1] == '\n') lines += (i > 0 ? "\n    " : "    ") + label + " ";
    const size_t name = kEscaped.find(bytes[i]);
    lines += name == kEscaped.npos ? std::string(1, bytes[i]) : std::string{'\\', kNames[name]};
  }
  return bytes.empty() ? lines : lines + "\n";
}

std::string Show(const Dialogue::Step& step) {
  std::string text = Lines("to client:", step.to_client) + Lines("to server:", step.to_server);
  switch (step.next) {
    case Dialogue::Next::kGoOn:
      break;
    case Dialogue::Next::kHandshake:
      text += "    handshake\n";
      break;
    case Dialogue::Next::kPipe:
      text += "    pipe\n";
      break;
    case Dialogue::Next::kEnd:
      text += "    end: " + std::string(step.reason) + (step.injected ? " (injected)\n" : "\n");
  }
  return text;
}

std::unique_ptr<Dialogue> MakeDialogue(const std::string& words) {
  const Protocol protocol = words.starts_with("smtp")   ? Protocol::kSmtp
                            : words.starts_with("imap") ? Protocol::kImap
                                                        : Protocol::kPop3;
  return Dialogue::Make(protocol, words.ends_with("required"));
}

Dialogue::Step FeedServer(Dialogue& dialogue, const std::string& bytes, size_t piece) {
  Dialogue::Step all;
  for (size_t at = 0; at < bytes.size() && all.next == Dialogue::Next::kGoOn;) {
    const size_t size = std::min(piece, bytes.size() - at);
    const Dialogue::Step step = dialogue.FromServer(std::string_view(bytes).substr(at, size));
    at += size;
    all.to_client += step.to_client;
    all.to_server += step.to_server;
    all.next = step.next;
    all.reason = step.reason;
    all.injected = step.injected;
  }
  return all;
}

}  // namespace

std::vector<std::string> TranscriptNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    if (entry.path().extension() == ".transcript") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string ReadTranscript(const std::string& name) {
  std::ifstream file(Folder() / (name + ".transcript"), std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void WriteTranscript(const std::string& name, const std::string& transcript) {
  std::ofstream(Folder() / (name + ".transcript"), std::ios::binary) << transcript;
}

std::string Replay(const std::string& transcript, size_t piece) {
  std::istringstream lines(transcript);
  std::string line, replayed;
  std::unique_ptr<Dialogue> dialogue;
  while (std::getline(lines, line)) {
    if (line.starts_with("    ")) continue;
    replayed += line + "\n";
    if (line.starts_with("dialogue: ")) dialogue = MakeDialogue(line.substr(10));
    if (line == "TLS") dialogue->OnTls();
    if (line.starts_with("C: ")) replayed += Show(dialogue->FromClient(Unescape(line.substr(3))));
    if (line.starts_with("S: ")) {
      replayed += Show(FeedServer(*dialogue, Unescape(line.substr(3)), piece));
    }
  }
  return replayed;
}

}  // namespace aloha::mail
