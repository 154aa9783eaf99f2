#include "wui/exposition.h"

#include <array>

namespace aloha::wui {
namespace {

// Upper bounds of buckets of times. Seconds.
constexpr std::array kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};

}  // namespace

std::vector<Label> With(Labels labels, std::string_view name, std::string_view value) {
  std::vector<Label> more(labels.begin(), labels.end());
  more.push_back({name, value});
  return more;
}

void AddHistogram(const admin::v1::Histogram& times, Labels labels, Exposition& out) {
  uint64_t below = 0;
  auto bucket = times.buckets().begin();
  for (const double bound : kBounds) {
    const double bound_us = bound * 1e6;
    for (;
         bucket != times.buckets().end() && static_cast<double>(bucket->below_us() - 1) <= bound_us;
         ++bucket) {
      below += bucket->count();
    }
    out.Sample(With(labels, "le", fmt::format("{}", bound)), below, "_bucket");
  }
  out.Sample(With(labels, "le", "+Inf"), times.count(), "_bucket");
  out.Sample(labels, static_cast<double>(times.sum_us()) / 1e6, "_sum");
  out.Sample(labels, times.count(), "_count");
}

}  // namespace aloha::wui
