#include "supervisor/admin/findings.h"

#include <fmt/format.h>

#include <algorithm>

namespace aloha::supervisor {
namespace v1 = admin::v1;

void AddFindings(const std::vector<Problem>& problems,
                 google::protobuf::RepeatedPtrField<v1::FieldViolation>* findings) {
  for (const Problem& problem : problems) {
    v1::FieldViolation* finding = findings->Add();
    finding->set_path(problem.path);
    finding->set_message(EscapeForLog(problem.message));
    finding->set_line(static_cast<uint32_t>(problem.line));
    finding->set_column(static_cast<uint32_t>(problem.column));
    finding->set_severity(problem.severity == Severity::kError ? v1::FieldViolation::ERROR
                                                               : v1::FieldViolation::WARNING);
  }
}

Result<> Refused(const std::vector<Problem>& problems, Caller& caller) {
  caller.detail.set_reason("INVALID_CONFIG");
  if (caller.detail.remedy().empty())
    caller.detail.set_remedy("correct the fields and apply again");
  AddFindings(problems, caller.detail.mutable_violations());
  const auto errors = std::count_if(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.severity == Severity::kError;
  });
  return Fail(Code::kInvalidArgument,
              fmt::format("the configuration has {} error{}; nothing was changed", errors,
                          errors == 1 ? "" : "s"));
}

}  // namespace aloha::supervisor
