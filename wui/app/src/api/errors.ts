// What a failed call says, for pages: the supervisor's own words, what to do, and which fields are meant.
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema, type FieldViolation } from "../gen/admin/v1/admin_pb";
import { t } from "../i18n";

export interface Problem {
  code: Code;
  message: string;
  // Stable: "INVALID_CONFIG", "CONFLICT" …; empty: not told.
  reason: string;
  // What to do; may be empty.
  remedy: string;
  violations: FieldViolation[];
}

export function toProblem(error: unknown): Problem {
  const failure = ConnectError.from(error);
  const detail = failure.findDetails(ErrorDetailSchema)[0];
  return {
    code: failure.code,
    message: message(failure),
    reason: detail?.reason ?? "",
    remedy: detail?.remedy ?? "",
    violations: detail?.violations ?? [],
  };
}

// One or two sentences for a person.
export function sentence(problem: Problem): string {
  return problem.remedy && problem.remedy !== problem.message ? `${problem.message} — ${problem.remedy}` : problem.message;
}

export function isCode(error: unknown, code: Code): boolean {
  return ConnectError.from(error).code === code;
}

// A browser's "Failed to fetch" tells an administrator nothing.
function message(failure: ConnectError): string {
  if (failure.cause instanceof TypeError) return t("error.unreachable");
  return failure.rawMessage || t("error.unknown", { code: Code[failure.code] ?? String(failure.code) });
}
