#include "supervisor/config/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/duration.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

constexpr size_t kMaxProblems = 1000;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsHostLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '-'; });
}

}  // namespace

void Checker::Add(const std::string& path, std::string message, Severity severity) {
  if (problems_.size() > kMaxProblems) return;
  if (problems_.size() == kMaxProblems) {
    problems_.push_back({.message = "there are more problems; mend these first"});
    return;
  }
  problems_.push_back({.path = path, .message = std::move(message), .severity = severity});
}

void Checker::Error(const std::string& path, std::string message) {
  Add(path, std::move(message), Severity::kError);
}

void Checker::Warn(const std::string& path, std::string message) {
  Add(path, std::move(message), Severity::kWarning);
}

void Checker::Missing(const std::string& path, std::string_view what) {
  Error(path, fmt::format("missing; {}", what));
}

bool Checker::Number(const std::string& path, uint32_t value, uint32_t least, uint32_t most) {
  if (value >= least && value <= most) return true;
  Error(path, fmt::format("{} is out of range; use {} to {}", value, least, most));
  return false;
}

bool Checker::Port(const std::string& path, uint32_t value) {
  if (value >= 1 && value <= 65535) return true;
  Error(path, fmt::format("{} is not a port; use 1 to 65535", value));
  return false;
}

void Checker::RequirePort(const std::string& path, bool present, uint32_t value) {
  if (!present) return Missing(path, "a port, 1 to 65535");
  Port(path, value);
}

std::optional<std::chrono::milliseconds> Checker::Duration(const std::string& path,
                                                           std::string_view text,
                                                           std::chrono::milliseconds least,
                                                           std::chrono::milliseconds most) {
  const auto duration = ParseDuration(text);
  if (!duration) {
    Error(path, fmt::format("{} is not a duration; write a number and a unit, as in \"200ms\", "
                            "\"25s\" or \"40m\"",
                            Quote(text)));
    return std::nullopt;
  }
  if (*duration < least || *duration > most) {
    Error(path, fmt::format("{} is out of range; use {} to {}", Quote(text), FormatDuration(least),
                            FormatDuration(most)));
    return std::nullopt;
  }
  return duration;
}

void Checker::IdleTimeout(const std::string& path, bool present, std::string_view text) {
  if (present) Duration(path, text, kShortestIdle, kLongestIdle);
}

std::optional<Address> Checker::HostAddress(const std::string& path, std::string_view text) {
  const auto address = ListenAddress(path, text);
  if (!address || !address->IsWildcard()) return address;
  Error(path, fmt::format("{} means every address; name one machine's", Quote(text)));
  return std::nullopt;
}

std::optional<Address> Checker::ListenAddress(const std::string& path, std::string_view text) {
  const auto address = ParseAddress(text);
  if (!address) {
    Error(path, fmt::format("{} is not an address; write it in numbers, as in \"10.0.0.15\" or "
                            "\"2001:db8::15\"",
                            Quote(text)));
    return std::nullopt;
  }
  if (address->IsMulticast()) {
    Error(path,
          fmt::format("{} is a multicast or broadcast address; name one machine's", Quote(text)));
    return std::nullopt;
  }
  return address;
}

void Checker::OneNetwork(const std::string& path, std::string_view text) {
  const auto network = ParseNetwork(text);
  if (!network) {
    Error(path, fmt::format("{} is not a network; write it as in \"10.0.0.0/8\"", Quote(text)));
  } else if (!network->IsCanonical()) {
    Error(path, fmt::format("{} has bits set beyond its prefix of {}; did you mean \"{}/{}\" or a "
                            "longer prefix?",
                            Quote(text), network->prefix, FormatAddress(network->Base()),
                            network->prefix));
  }
}

bool Checker::Name(const std::string& path, std::string_view name) {
  const bool good = !name.empty() && name.size() <= 63 && IsLetterOrDigit(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
                    });
  if (!good) {
    Error(path, fmt::format("{} is not a name; use 1 to 63 letters, digits, \".\", \"_\" and "
                            "\"-\", a letter or digit first",
                            Quote(name)));
  }
  return good;
}

bool Checker::RequireName(const std::string& path, bool present, std::string_view name) {
  if (present) return Name(path, name);
  Missing(path, "give it a name");
  return false;
}

void Checker::HostName(const std::string& path, std::string_view name) {
  bool good = name.size() <= 253;
  std::string_view rest = name;
  while (good) {
    const size_t dot = rest.find('.');
    good = IsHostLabel(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest = rest.substr(dot + 1);
  }
  if (!good) {
    Error(path,
          fmt::format("{} is not a host name; write it as in \"mail.example.org\"", Quote(name)));
  }
}

void Checker::InterfaceName(const std::string& path, std::string_view name) {
  // As dev_valid_name() of the kernel: no blanks, slashes or colons, not "." or "..".
  const bool good = !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
                    std::all_of(name.begin(), name.end(),
                                [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; });
  if (!good) {
    Error(path,
          fmt::format("{} is not the name of an interface; write it as in \"eth0\"", Quote(name)));
  }
}

bool Checker::UrlPath(const std::string& path, std::string_view value) {
  const bool good = value.starts_with("/") && value.size() <= 2048 &&
                    std::all_of(value.begin(), value.end(),
                                [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!good) {
    Error(path, fmt::format("{} is not a path; begin with \"/\" and use printable ASCII without "
                            "blanks",
                            Quote(value)));
  }
  return good;
}

void Checker::PathPrefix(const std::string& path, std::string_view value) {
  if (!UrlPath(path, value)) return;
  // Servers drop dots at the end of a segment, so those are never part of a decoded path.
  const bool dots = fmt::format("{}/", value).find("./") != std::string::npos;
  const bool empty_segment = value.find("//") != std::string_view::npos;
  if (empty_segment || dots || value.find_first_of("?%\\") != std::string_view::npos) {
    Error(path, fmt::format("{} is not the beginning of a decoded path; leave out \"?\", \"%\", "
                            "\"\\\", \"//\" and \".\" at the end of a segment",
                            Quote(value)));
  }
}

bool Checker::Token(const std::string& path, std::string_view token) {
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  const bool good =
      !token.empty() && token.size() <= 256 && std::all_of(token.begin(), token.end(), [&](char c) {
        return IsLetterOrDigit(c) || kTokenMarks.find(c) != std::string_view::npos;
      });
  if (!good) {
    Error(path, fmt::format("{} is not a header or cookie name; use letters, digits and \"-\"",
                            Quote(token)));
  }
  return good;
}

void Checker::Certificate(const std::string& path, const std::string& name) {
  if (!Name(path, name) || facts_.may_come || facts_.certificates.contains(name)) return;
  Error(path, fmt::format("there is no certificate {}; import it under this name, or name another",
                          Quote(name)));
}

void Checker::TrustAnchor(const std::string& path, const std::string& name) {
  if (!Name(path, name) || facts_.may_come || facts_.trust_anchors.contains(name)) return;
  Error(path, fmt::format("there is no trust anchor {}; import it under this name, or name another",
                          Quote(name)));
}

void Checker::ServerProof(const std::string& path, const config::v1::ServerTls& tls) {
  const bool by_ca = !tls.has_verify() || tls.verify() == config::v1::ServerTls::CA;
  if (by_ca && tls.ca().empty() && !facts_.system_anchors) {
    Missing(path + ".ca",
            "the operating system has no trust anchors (install ca-certificates, or name one)");
  }
  if (!by_ca && !tls.ca().empty()) Warn(path + ".ca", "has no effect but with verify: CA");
  if (!tls.pin_sha256().empty() && tls.verify() != config::v1::ServerTls::PIN) {
    Warn(path + ".pin_sha256", "has no effect but with verify: PIN");
  }
  if (tls.verify() == config::v1::ServerTls::NONE) {
    Warn(path + ".verify", "NONE: whoever can stand between reads everything");
  }
}

void Checker::Pin(const std::string& path, std::string_view hex) {
  const bool good =
      hex.size() == 64 && std::all_of(hex.begin(), hex.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      });
  if (!good) {
    Error(path, fmt::format("{} is not a SHA-256 value; write 64 hexadecimal digits", Quote(hex)));
  }
}

}  // namespace aloha::supervisor
