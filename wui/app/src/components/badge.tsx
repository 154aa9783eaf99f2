import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

export type Tone = "ok" | "warn" | "bad" | "idle" | "info";

const icons: Record<Tone, IconName> = { ok: "check", warn: "warning", bad: "cross", idle: "dash", info: "info" };

// A state: colour, sign and word together, so that none of them is needed alone.
export function Badge({ tone, icon, title, children }: { tone: Tone; icon?: IconName; title?: string; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      <Icon name={icon ?? icons[tone]} />
      <span>{children}</span>
    </span>
  );
}
