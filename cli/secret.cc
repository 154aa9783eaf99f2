#include "cli/secret.h"

#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <optional>

#include "cli/file.h"

namespace aloha::cli {
namespace {

// While it lives, a terminal on standard input does not show what is typed, and Ctrl-C ends the
// reading instead of the process, which would leave the terminal that way.
class HiddenTyping {
 public:
  explicit HiddenTyping(const std::string& question) {
    termios settings{};
    if (tcgetattr(STDIN_FILENO, &settings) != 0) return;
    before_ = settings;
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int) {};
    sigaction(SIGINT, &interrupt, &interrupt_before_);
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    std::cerr << question << std::flush;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings);
  }
  ~HiddenTyping() {
    if (!before_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &*before_);
    sigaction(SIGINT, &interrupt_before_, nullptr);
    std::cerr << "\n";
  }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  std::optional<termios> before_;
  struct sigaction interrupt_before_ {};
};

}  // namespace

void Wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

tl::expected<std::string, std::string> ReadPassword(const std::string& question) {
  HiddenTyping hidden(question);
  std::string line;
  line.reserve(kMaxPasswordBytes + 2);  // never moved, so that no copy stays behind
  std::string problem;
  char byte = 0;
  ssize_t got = 0;
  while ((got = read(STDIN_FILENO, &byte, 1)) == 1 && byte != '\n') {
    if (line.size() > kMaxPasswordBytes) break;
    line += byte;
  }
  if (got < 0) problem = errno == EINTR ? "interrupted" : "no password can be read";
  if (line.ends_with('\r')) line.pop_back();
  if (line.size() > kMaxPasswordBytes) problem = "a password has at most 1,024 bytes";
  if (problem.empty() && !IsUtf8(line)) problem = "the password is not UTF-8 text";
  if (problem.empty()) return line;
  Wipe(line);
  return tl::make_unexpected(problem);
}

SecretFile::~SecretFile() {
  Wipe(*message_.mutable_file());
  Wipe(*message_.mutable_password());
}

bool SecretFile::NeedsPassword() const {
  const std::string& file = message_.file();
  if (file.find("-----BEGIN ") == std::string::npos) return true;
  return file.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string::npos ||
         file.find("Proc-Type: 4,ENCRYPTED") != std::string::npos;
}

tl::expected<std::string, std::string> SecretFile::Seal(std::string_view public_key) const {
  return SealTo(public_key, message_.SerializeAsString());
}

tl::expected<std::string, std::string> SealTo(std::string_view public_key, std::string clear) {
  if (sodium_init() < 0 || public_key.size() != crypto_box_PUBLICKEYBYTES) {
    Wipe(clear);
    return tl::make_unexpected("the supervisor gave no usable key to seal to");
  }
  const auto* to = reinterpret_cast<const unsigned char*>(public_key.data());
  std::string sealed(crypto_box_SEALBYTES + clear.size(), '\0');
  const int result =
      crypto_box_seal(reinterpret_cast<unsigned char*>(sealed.data()),
                      reinterpret_cast<const unsigned char*>(clear.data()), clear.size(), to);
  Wipe(clear);
  if (result != 0) return tl::make_unexpected("the supervisor's key to seal to is bad");
  return sealed;
}

}  // namespace aloha::cli
