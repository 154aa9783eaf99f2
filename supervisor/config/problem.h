// What is wrong with a configuration, told field by field.
#ifndef ALOHA_SUPERVISOR_CONFIG_PROBLEM_H_
#define ALOHA_SUPERVISOR_CONFIG_PROBLEM_H_

#include <string>
#include <vector>

namespace aloha::supervisor {

enum class Severity {
  kWarning,  // the configuration can run, the administrator should know
  kError,    // the configuration cannot run
};

struct Problem {
  std::string
      path;        // of the field, "virtual_service[2].server[0].port"; empty: the text as a whole
  int line = 0;    // in the text, from 1; 0: unknown
  int column = 0;  // from 1; 0: unknown
  std::string message;  // the offending value and what to do; one line
  Severity severity = Severity::kError;
};

// True when one of them is an error.
bool HasErrors(const std::vector<Problem>& problems);

// "12:3: error: imap.virtual_port: 70000 is not a port; use 1 to 65535", or without what is
// unknown.
std::string FormatProblem(const Problem& problem);

// Sorted by line and column, those without a line first; otherwise the order stays.
void SortProblems(std::vector<Problem>& problems);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PROBLEM_H_
