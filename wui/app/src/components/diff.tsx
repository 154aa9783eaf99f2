import { t } from "../i18n";
import { Empty } from "./page";

// A unified diff: what goes and what comes by sign and colour.
export function Diff({ text }: { text: string }) {
  if (!text) return <Empty icon="check" title={t("diff.same")} />;
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return (
    <div class="diff" tabIndex={0} role="region" aria-label={t("diff.label")}>
      {lines.map((line, index) => (
        <div key={index} class={kind(line)}>
          {line || " "}
        </div>
      ))}
    </div>
  );
}

function kind(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---")) return "diff-file";
  if (line.startsWith("@@")) return "diff-place";
  return line.startsWith("+") ? "diff-new" : line.startsWith("-") ? "diff-old" : "";
}
