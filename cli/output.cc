#include "cli/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace aloha::cli {
namespace {

constexpr std::string_view kReset = "\033[0m";

std::string_view Escape(Color color) {
  switch (color) {
    case Color::kGood:
      return "\033[32m";
    case Color::kWarning:
      return "\033[33m";
    case Color::kBad:
      return "\033[31m";
    case Color::kNone:
      break;
  }
  return {};
}

// Columns on a terminal: one per character of UTF-8 (continuation bytes take none).
size_t Width(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

std::string Render(const google::protobuf::Message& message, Format format, bool one_line) {
  std::string text;
  if (format == Format::kJson) {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = !one_line;
    // "false" and 0 are answers too: scripts should not have to know the defaults.
    options.always_print_primitive_fields = true;
    auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
    if (!status.ok()) text = "{}";
  } else {
    google::protobuf::TextFormat::Printer printer;
    printer.SetUseUtf8StringEscaping(true);
    printer.SetSingleLineMode(one_line);
    printer.PrintToString(message, &text);
  }
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  // U+0080 to U+009F are control characters as well (CSI among them): C2 80 to C2 9F in UTF-8.
  for (size_t i = 0; i + 1 < clean.size(); ++i) {
    if (clean[i] == '\xC2' && static_cast<unsigned char>(clean[i + 1]) < 0xA0) {
      clean.replace(i, 2, "?");
    }
  }
  return clean;
}

std::string Duration(int64_t seconds) {
  seconds = std::max<int64_t>(seconds, 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h{}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{}h", seconds / 86400, seconds / 3600 % 24);
}

std::string Age(int64_t time_us) {
  if (time_us == 0) return "-";
  auto now = std::chrono::system_clock::now().time_since_epoch();
  int64_t now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return Duration((now_us - time_us) / 1'000'000);
}

std::string LocalTime(int64_t time_us) {
  if (time_us == 0) return "-";
  std::time_t seconds = time_us / 1'000'000;
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", local);
}

std::string Bytes(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

Table::Table(std::vector<std::string> columns) : columns_(std::move(columns)) {
  for (std::string& column : columns_) {
    right_.push_back(column.starts_with('>'));
    if (right_.back()) column.erase(0, 1);
  }
}

void Table::Add(std::vector<Cell> cells) {
  cells.resize(columns_.size(), Cell(""));
  for (Cell& cell : cells) {
    if (cell.text.empty()) cell.text = "-";
  }
  rows_.push_back(std::move(cells));
}

std::string Table::Render(bool color) const {
  std::vector<std::vector<Cell>> lines;
  lines.emplace_back(columns_.begin(), columns_.end());
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i].text));
  }

  std::string text;
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      const Cell& cell = line[i];
      std::string padding(widths[i] - Width(cell.text), ' ');
      const bool colored = color && cell.color != Color::kNone;
      if (right_[i]) text += padding;
      if (colored) text += Escape(cell.color);
      text += cell.text;
      if (colored) text += kReset;
      if (i + 1 == line.size()) break;  // no blanks at the end of a line
      if (!right_[i]) text += padding;
      text += "  ";
    }
    text += '\n';
  }
  return text;
}

bool Output::color() const { return terminal_ && std::getenv("NO_COLOR") == nullptr; }

bool Output::Structured(const google::protobuf::Message& message) {
  if (format_ == Format::kTable) return false;
  out_ << Render(message, format_, false);
  return true;
}

bool Output::StructuredLine(const google::protobuf::Message& message) {
  if (format_ == Format::kTable) return false;
  out_ << Render(message, format_, true) << std::flush;
  return true;
}

void Output::Write(const Table& table, std::string_view when_empty) {
  if (table.empty()) {
    out_ << when_empty << "\n";
  } else {
    out_ << table.Render(color());
  }
}

void Output::EndWithReader() {
  struct stat info {};
  if (fstat(STDOUT_FILENO, &info) != 0 || !(S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
    return;
  }
  std::thread([] {
    pollfd reader{STDOUT_FILENO, 0, 0};
    while (poll(&reader, 1, -1) <= 0) {
    }
    _exit(0);
  }).detach();
}

}  // namespace aloha::cli
