// Prometheus' text format 0.0.4.
#ifndef ALOHA_WUI_EXPOSITION_H_
#define ALOHA_WUI_EXPOSITION_H_

#include <fmt/format.h>

#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/v1/traffic.pb.h"

namespace aloha::wui {

// A name and its value.
struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::span<const Label>;

// Collects metrics in the order in which they come.
class Exposition {
 public:
  // Begins a metric; nothing is written before its first sample.
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    type_ = type;
    help_ = help;
  }
  template <typename Number>
  void Sample(Labels labels, Number value, std::string_view suffix = "") {
    auto to = std::back_inserter(text_);
    if (!type_.empty()) {
      fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", name_, help_, name_, type_);
      type_ = {};
    }
    fmt::format_to(to, "{}{}", name_, suffix);
    char separator = '{';
    for (const Label& label : labels) {
      text_ += std::exchange(separator, ',');
      fmt::format_to(to, "{}=\"", label.name);
      Escape(label.value);
      text_ += '"';
    }
    if (!labels.empty()) text_ += '}';
    fmt::format_to(to, " {}\n", value);
  }
  std::string Take() { return std::move(text_); }

 private:
  void Escape(std::string_view value) {
    for (const char c : value) {
      if (c == '\\' || c == '"') text_ += '\\';
      if (c == '\n') {
        text_ += "\\n";
      } else {
        text_ += c;
      }
    }
  }

  std::string_view name_, type_, help_;
  std::string text_;
};

// The labels and one more.
std::vector<Label> With(Labels labels, std::string_view name, std::string_view value);

// The samples of a histogram, in seconds. A range of times that a bound cuts counts above it: at
// most 1/16 too high.
void AddHistogram(const admin::v1::Histogram& times, Labels labels, Exposition& out);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_EXPOSITION_H_
