// What validation finds, as calls answer it.
#ifndef ALOHA_SUPERVISOR_ADMIN_FINDINGS_H_
#define ALOHA_SUPERVISOR_ADMIN_FINDINGS_H_

#include <google/protobuf/repeated_field.h>

#include <vector>

#include "admin/v1/admin.pb.h"
#include "supervisor/admin/handler.h"
#include "supervisor/config/problem.h"

namespace aloha::supervisor {

void AddFindings(const std::vector<Problem>& problems,
                 google::protobuf::RepeatedPtrField<admin::v1::FieldViolation>* findings);

// Fills in the details of the refusal, a remedy where there is none yet, and answers it.
Result<> Refused(const std::vector<Problem>& problems, Caller& caller);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_FINDINGS_H_
