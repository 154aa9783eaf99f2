import { Icon } from "../components/icon";
import type { FieldViolation } from "../gen/admin/v1/admin_pb";
import { t } from "../i18n";
import { isError } from "./area";

interface FindingListProps {
  title: string;
  findings: FieldViolation[];
  // Findings with a line can be gone to.
  onOpen?: (finding: FieldViolation) => void;
}

// Findings that stand at no field of the page, or in a text.
export function FindingList({ title, findings, onOpen }: FindingListProps) {
  const bad = findings.some(isError);
  return (
    <div class={`notice ${bad ? "bad" : "warn"} findings`} role={bad ? "alert" : undefined}>
      <Icon name={bad ? "cross" : "warning"} />
      <div>
        <p>{title}</p>
        <ul>
          {findings.map((finding, index) => (
            <li key={index}>
              {finding.line > 0 && <Position finding={finding} onOpen={onOpen} />}
              {finding.path && <code>{finding.path}</code>} {finding.message}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Position({ finding, onOpen }: { finding: FieldViolation; onOpen: ((finding: FieldViolation) => void) | undefined }) {
  const text = t("form.position", { line: String(finding.line), column: String(finding.column) });
  if (!onOpen) return <span>{text} </span>;
  return (
    <>
      <button type="button" class="link" onClick={() => onOpen(finding)}>
        {text}
      </button>{" "}
    </>
  );
}
