#include "cli/validity.h"

#include <fmt/format.h>

#include <chrono>

namespace aloha::cli {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kWarningDays = 30;
constexpr int64_t kUrgentDays = 7;

std::string Days(int64_t days) { return fmt::format("{} day{}", days, days == 1 ? "" : "s"); }

}  // namespace

std::string DateCell(int64_t time_s) { return LocalTime(time_s * 1'000'000); }

Cell DaysLeftCell(int64_t not_after_s, int64_t now_s) {
  const int64_t left_s = not_after_s - now_s;
  if (left_s <= -kDay) return {Days(-left_s / kDay) + " ago", Color::kBad};
  if (left_s < 0) return {"expired today", Color::kBad};
  if (left_s < kDay) return {"today", Color::kBad};
  const int64_t days = left_s / kDay;
  Color color = Color::kNone;
  if (days <= kWarningDays) color = Color::kWarning;
  if (days <= kUrgentDays) color = Color::kBad;
  return {Days(days), color};
}

int64_t NowSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::string Colons(const std::string& hexadecimal) {
  std::string text;
  for (size_t i = 0; i < hexadecimal.size(); i += 2) {
    if (i > 0) text += ':';
    text += hexadecimal.substr(i, 2);
  }
  return text;
}

}  // namespace aloha::cli
