#include "supervisor/config/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace aloha::supervisor {

bool HasErrors(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Severity::kError; });
}

std::string FormatProblem(const Problem& problem) {
  std::string text;
  if (problem.line > 0) text += fmt::format("{}:{}: ", problem.line, problem.column);
  text += problem.severity == Severity::kError ? "error: " : "warning: ";
  if (!problem.path.empty()) text += problem.path + ": ";
  return text + problem.message;
}

void SortProblems(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
}

}  // namespace aloha::supervisor
