#include "workers/proxy/http_log.h"

#include <arpa/inet.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace aloha::proxy {
namespace {

constexpr size_t kCut = 1'024;
constexpr size_t kMaxEscaped = 5;  // "\\xNN"
// Everything of a line but its names and texts: numbers, keys, punctuation.
constexpr size_t kMaxFixedText = 512, kMaxFixedJson = 1'280;
constexpr char kHex[] = "0123456789ABCDEF";

std::string_view Cut(std::string_view text) { return text.substr(0, kCut); }

// Passes unescaped in both forms, but for '#' in text.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// Writes without checks into room that the caller made.
class Writer {
 public:
  explicit Writer(char* to) : to_(to) {}
  char* end() const { return to_; }

  void Put(char c) { *to_++ = c; }
  void Put(std::string_view text) {
    std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
  }
  template <typename Number>
  void PutNumber(Number number) {
    to_ = std::to_chars(to_, to_ + 20, number).ptr;
  }
  void PutThousandth(int64_t us) {
    const auto ms = static_cast<unsigned>(us / 1000 % 1000);
    Put('.');
    Put(static_cast<char>('0' + ms / 100));
    Put(static_cast<char>('0' + ms / 10 % 10));
    Put(static_cast<char>('0' + ms % 10));
  }
  void PutIp(const net::Ip& ip) {
    if (net::IsIpv4(ip)) {
      for (size_t i = 12; i < 16; ++i) {
        if (i > 12) Put('.');
        PutNumber(static_cast<unsigned>(ip[i]));
      }
    } else if (inet_ntop(AF_INET6, ip.data(), to_, INET6_ADDRSTRLEN) != nullptr) {
      to_ += std::strlen(to_);
    }
  }
  void PutEscaped(std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (kPlain[byte] && c != '#') {
        Put(c);
      } else {
        Put('#');
        PutHex(byte);
      }
    }
  }
  void PutQuotedJson(std::string_view text) {
    Put('"');
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (kPlain[byte]) {
        Put(c);
      } else if (c == '"') {
        Put("\\\"");
      } else {
        Put("\\\\x");
        PutHex(byte);
      }
    }
    Put('"');
  }
  // "key": with its comma; the object's brace is open.
  void PutText(std::string_view key, std::string_view text) {
    Put(key);
    PutQuotedJson(text);
  }
  template <typename Number>
  void PutNumber(std::string_view key, Number number) {
    Put(key);
    PutNumber(number);
  }

 private:
  void PutHex(unsigned char byte) {
    Put(kHex[byte >> 4]);
    Put(kHex[byte & 15]);
  }

  char* to_;
};

// Calls `write` with a writer that has room for the whole line.
template <typename Write>
void Append(std::string& out, const RequestRecord& record, size_t max_fixed, Write write) {
  const size_t before = out.size();
  const size_t names = record.frontend.size() + record.backend.size() + record.server.size() +
                       record.tls_version.size() + record.tls_cipher.size();
  const size_t texts = Cut(record.method).size() + Cut(record.target).size() +
                       Cut(record.version).size() + Cut(record.request_id).size() +
                       Cut(record.refused).size();
  out.resize(before + max_fixed + kMaxEscaped * (names + texts));
  Writer writer(out.data() + before);
  write(writer);
  out.resize(static_cast<size_t>(writer.end() - out.data()));
}

void PutTwo(char* to, int number) {
  to[0] = static_cast<char>('0' + number / 10 % 10);
  to[1] = static_cast<char>('0' + number % 10);
}

void PutRequest(Writer& line, const RequestRecord& record) {
  if (record.method.empty()) return line.Put("\"<BADREQ>\"");
  line.Put('"');
  line.PutEscaped(Cut(record.method));
  line.Put(' ');
  line.PutEscaped(Cut(record.target));
  line.Put(' ');
  line.PutEscaped(Cut(record.version));
  line.Put('"');
}

}  // namespace

std::string_view LogClock::Local(int64_t second) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (second != local_second_) {
    const time_t time = second;
    tm parts;
    localtime_r(&time, &parts);
    char* text = local_.data();
    PutTwo(text, parts.tm_mday);
    text[2] = text[6] = '/';
    std::memcpy(text + 3, kMonths.data() + static_cast<size_t>(parts.tm_mon) * 3, 3);
    PutTwo(text + 7, (parts.tm_year + 1900) / 100);
    PutTwo(text + 9, parts.tm_year + 1900);
    text[11] = text[14] = text[17] = ':';
    PutTwo(text + 12, parts.tm_hour);
    PutTwo(text + 15, parts.tm_min);
    PutTwo(text + 18, parts.tm_sec);
    local_second_ = second;
  }
  return {local_.data(), local_.size()};
}

std::string_view LogClock::Utc(int64_t second) {
  if (second != utc_second_) {
    const time_t time = second;
    tm parts;
    gmtime_r(&time, &parts);
    char* text = utc_.data();
    PutTwo(text, (parts.tm_year + 1900) / 100);
    PutTwo(text + 2, parts.tm_year + 1900);
    text[4] = text[7] = '-';
    PutTwo(text + 5, parts.tm_mon + 1);
    PutTwo(text + 8, parts.tm_mday);
    text[10] = 'T';
    text[13] = text[16] = ':';
    PutTwo(text + 11, parts.tm_hour);
    PutTwo(text + 14, parts.tm_min);
    PutTwo(text + 17, parts.tm_sec);
    utc_second_ = second;
  }
  return {utc_.data(), utc_.size()};
}

void AppendHttpLine(std::string& out, const RequestRecord& record, LogClock& clock) {
  const std::string_view date = clock.Local(record.accepted_us / 1'000'000);
  Append(out, record, kMaxFixedText, [&](Writer& line) {
    line.PutIp(record.client.ip);
    line.PutNumber(":", record.client.port);
    line.Put(" [");
    line.Put(date);
    line.PutThousandth(record.accepted_us);
    line.Put("] ");
    line.Put(record.frontend);
    line.Put(record.tls_version.empty() ? " " : "~ ");
    line.Put(record.backend);
    line.Put('/');
    line.Put(record.server.empty() ? "<NOSRV>" : record.server);
    line.PutNumber(" ", record.request_ms);
    line.PutNumber("/", record.queue_ms);
    line.PutNumber("/", record.connect_ms);
    line.PutNumber("/", record.response_ms);
    line.PutNumber("/", record.total_ms);
    line.PutNumber(" ", record.status);
    line.PutNumber(" ", record.bytes_to_client);
    line.Put(" - - ");  // no cookie is captured
    for (const char c : {record.cause, record.moment, record.cookie_client, record.cookie_server}) {
      line.Put(c);
    }
    line.PutNumber(" ", record.process_sessions);
    line.PutNumber("/", record.frontend_sessions);
    line.PutNumber("/", record.backend_sessions);
    line.PutNumber("/", record.server_sessions);
    line.PutNumber(record.redispatched ? "/+" : "/", record.retries);
    line.PutNumber(" ", record.server_queue);
    line.PutNumber("/", record.backend_queue);
    line.Put(' ');
    PutRequest(line, record);
    if (!record.tls_version.empty()) {
      line.Put(" tls:");
      line.Put(record.tls_version);
      line.Put('/');
      line.Put(record.tls_cipher);
    }
    if (!record.request_id.empty()) {
      line.Put(" id:");
      line.PutEscaped(Cut(record.request_id));
    }
    if (!record.refused.empty()) {
      line.Put(" reason:\"");
      line.PutEscaped(Cut(record.refused));
      line.Put('"');
    }
  });
}

void AppendHttpJson(std::string& out, const RequestRecord& record, LogClock& clock) {
  const std::string_view date = clock.Utc(record.accepted_us / 1'000'000);
  Append(out, record, kMaxFixedJson, [&](Writer& line) {
    line.Put(R"({"time":")");
    line.Put(date);
    line.PutThousandth(record.accepted_us);
    line.Put(R"(Z","client":")");
    const bool bracket = !net::IsIpv4(record.client.ip);
    if (bracket) line.Put('[');
    line.PutIp(record.client.ip);
    if (bracket) line.Put(']');
    line.PutNumber(":", record.client.port);
    line.PutText(R"(","service":)", record.frontend);
    line.PutText(R"(,"backend":)", record.backend);
    line.PutText(R"(,"server":)", record.server);
    line.PutNumber(R"(,"request_ms":)", record.request_ms);
    line.PutNumber(R"(,"queue_ms":)", record.queue_ms);
    line.PutNumber(R"(,"connect_ms":)", record.connect_ms);
    line.PutNumber(R"(,"response_ms":)", record.response_ms);
    line.PutNumber(R"(,"total_ms":)", record.total_ms);
    line.PutNumber(R"(,"status":)", record.status);
    line.PutNumber(R"(,"bytes_from_client":)", record.bytes_from_client);
    line.PutNumber(R"(,"bytes_to_client":)", record.bytes_to_client);
    const char termination[] = {record.cause, record.moment, record.cookie_client,
                                record.cookie_server};
    line.PutText(R"(,"termination":)", {termination, sizeof(termination)});
    line.PutNumber(R"(,"retries":)", record.retries);
    line.Put(record.redispatched ? R"(,"redispatched":true)" : R"(,"redispatched":false)");
    line.PutNumber(R"(,"process_sessions":)", record.process_sessions);
    line.PutNumber(R"(,"service_sessions":)", record.frontend_sessions);
    line.PutNumber(R"(,"backend_sessions":)", record.backend_sessions);
    line.PutNumber(R"(,"server_sessions":)", record.server_sessions);
    line.PutNumber(R"(,"server_queue":)", record.server_queue);
    line.PutNumber(R"(,"backend_queue":)", record.backend_queue);
    line.PutText(R"(,"method":)", Cut(record.method));
    line.PutText(R"(,"target":)", Cut(record.target));
    line.PutText(R"(,"version":)", Cut(record.version));
    line.PutText(R"(,"tls_version":)", record.tls_version);
    line.PutText(R"(,"tls_cipher":)", record.tls_cipher);
    line.PutText(R"(,"request_id":)", Cut(record.request_id));
    line.PutText(R"(,"refused":)", Cut(record.refused));
    line.Put('}');
  });
}

}  // namespace aloha::proxy
