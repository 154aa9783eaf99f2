#include "workers/health/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "workers/health/protocol.h"

namespace aloha::health {
namespace {

using worker::v1::Check;

constexpr uint64_t kDayMs = 86'400'000;

struct Range {
  uint64_t least, most;
};

struct Number {
  const char* field;
  uint64_t value;
  Range range;
};

// Bytes that may stand in a request line or header field: nothing that could end it.
bool IsPrintable(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(), [spaces](unsigned char c) {
    return (c > ' ' || (spaces && c == ' ')) && c != 0x7f;
  });
}

Result<> CheckNumbers(const Check& check, const std::string& path) {
  const Number numbers[] = {
      {"port", check.port(), {1, 65535}},
      {"interval_ms", check.interval_ms(), {10, kDayMs}},
      {"fast_interval_ms", check.fast_interval_ms(), {0, kDayMs}},
      {"timeout_ms", check.timeout_ms(), {1, kDayMs}},
      {"rise", check.rise(), {1, 100}},
      {"fall", check.fall(), {1, 100}},
  };
  for (const Number& number : numbers) {
    if (number.value < number.range.least || number.value > number.range.most) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("check \"{}\": {} is {}, expected {} to {}", check.id(), number.field,
                              number.value, number.range.least, number.range.most),
                  path + "." + number.field);
    }
  }
  return {};
}

Result<> CheckProtocol(const Check& check, const std::string& path) {
  const auto refuse = [&](const char* what, const char* field) {
    return Fail(Code::kInvalidArgument, fmt::format("check \"{}\": {}", check.id(), what),
                path + "." + field);
  };
  const worker::v1::HttpCheck& http = check.http();
  switch (check.protocol_case()) {
    case Check::PROTOCOL_NOT_SET:
      return refuse("names no protocol", "protocol");
    case Check::kSmtp:
      if (!IsPrintable(check.smtp().ehlo_name(), false) || check.smtp().ehlo_name().size() > 255) {
        return refuse("the name for EHLO is not a host name", "smtp.ehlo_name");
      }
      break;
    case Check::kHttp:
      if (http.method() != "GET" && http.method() != "HEAD") {
        return refuse("the method is neither GET nor HEAD", "http.method");
      }
      if (!http.path().starts_with('/') || !IsPrintable(http.path(), false)) {
        return refuse("the path does not begin with \"/\" or has a blank in it", "http.path");
      }
      if (!IsPrintable(http.host(), false)) {
        return refuse("the host has a blank or control character", "http.host");
      }
      if (http.expect_body().size() > kMaxBody) {
        return refuse("the expected text is longer than 64 KiB", "http.expect_body");
      }
      break;
    default:
      break;
  }
  if (check.tls().server_name().size() > 255 || !IsPrintable(check.tls().server_name(), false)) {
    return refuse("the TLS server name is not a host name", "tls.server_name");
  }
  return {};
}

// What is asked and of whom, without when and how often.
std::string Question(Check check) {
  check.clear_interval_ms();
  check.clear_fast_interval_ms();
  check.clear_timeout_ms();
  check.clear_rise();
  check.clear_fall();
  return check.SerializeAsString();
}

template <typename Endpoint, typename Server>
Result<Endpoint> EndpointOf(const Server& server, const std::string& path) {
  asio::error_code error;
  const asio::ip::address address = asio::ip::make_address(server.address(), error);
  if (error) {
    return Fail(Code::kInvalidArgument,
                fmt::format("\"{}\" is not a numeric address", server.address()),
                path + ".address");
  }
  if (server.port() == 0 || server.port() > 65535) {
    return Fail(Code::kInvalidArgument, fmt::format("{} is not a port", server.port()),
                path + ".port");
  }
  return Endpoint(address, static_cast<uint16_t>(server.port()));
}

// Where lines and mail go.
Result<> PlanReports(const worker::v1::HealthSnapshot& snapshot, Plan* plan) {
  if (snapshot.has_syslog()) {
    const auto server = EndpointOf<asio::ip::udp::endpoint>(snapshot.syslog(), "syslog");
    if (!server) return tl::make_unexpected(server.error());
    plan->syslog = *server;
  }
  if (!snapshot.has_mail()) return {};
  const worker::v1::MailServer& mail = snapshot.mail();
  const auto server = EndpointOf<asio::ip::tcp::endpoint>(mail, "mail");
  if (!server) return tl::make_unexpected(server.error());
  plan->mail = MailTarget{*server, mail.from(), {mail.to().begin(), mail.to().end()}};
  const auto plain = [](const std::string& address) {
    return !address.empty() && IsPrintable(address, false) &&
           address.find_first_of("<>") == std::string::npos;
  };
  if (!plain(mail.from()) || mail.to().empty() ||
      !std::all_of(mail.to().begin(), mail.to().end(), plain)) {
    return Fail(Code::kInvalidArgument,
                "an address of mail has a blank or \"<\" in it, or none is there", "mail");
  }
  return {};
}

Result<CheckSpec> MakeCheckSpec(const Check& check, const std::string& path) {
  if (check.id().empty()) return Fail(Code::kInvalidArgument, "a check has no id", path + ".id");
  asio::error_code error;
  const asio::ip::address address = asio::ip::make_address(check.address(), error);
  if (error) {
    return Fail(
        Code::kInvalidArgument,
        fmt::format("check \"{}\": \"{}\" is not a numeric address", check.id(), check.address()),
        path + ".address");
  }
  if (Result<> result = CheckNumbers(check, path); !result) {
    return tl::make_unexpected(result.error());
  }
  if (Result<> result = CheckProtocol(check, path); !result) {
    return tl::make_unexpected(result.error());
  }
  CheckSpec spec;
  spec.config = check;
  spec.endpoint = {address, static_cast<uint16_t>(check.port())};
  spec.interval = std::chrono::milliseconds(check.interval_ms());
  spec.fast_interval = std::chrono::milliseconds(
      check.fast_interval_ms() != 0 ? check.fast_interval_ms() : check.interval_ms());
  spec.timeout = std::chrono::milliseconds(check.timeout_ms());
  spec.question = Question(check);
  return spec;
}

}  // namespace

Result<Plan> MakePlan(const worker::v1::HealthSnapshot& snapshot) {
  Plan plan;
  std::unordered_map<std::string_view, size_t> by_id;
  plan.checks.reserve(static_cast<size_t>(snapshot.checks_size()));
  for (const Check& check : snapshot.checks()) {
    const std::string path = fmt::format("checks[{}]", plan.checks.size());
    Result<CheckSpec> spec = MakeCheckSpec(check, path);
    if (!spec) return tl::make_unexpected(spec.error());
    if (!by_id.emplace(check.id(), plan.checks.size()).second) {
      return Fail(Code::kInvalidArgument, fmt::format("two checks are named \"{}\"", check.id()),
                  path + ".id");
    }
    plan.checks.push_back(std::move(*spec));
  }
  for (const worker::v1::Target& target : snapshot.targets()) {
    TargetSpec spec{target.service(), target.server(), {}};
    for (const std::string& id : target.check_ids()) {
      const auto found = by_id.find(id);
      if (found == by_id.end()) {
        return Fail(Code::kInvalidArgument,
                    fmt::format("target \"{}/{}\" names check \"{}\", which does not exist",
                                target.service(), target.server(), id),
                    fmt::format("targets[{}].check_ids", plan.targets.size()));
      }
      spec.checks.push_back(found->second);
    }
    plan.targets.push_back(std::move(spec));
  }
  if (Result<> reports = PlanReports(snapshot, &plan); !reports) {
    return tl::make_unexpected(reports.error());
  }
  return plan;
}

}  // namespace aloha::health
