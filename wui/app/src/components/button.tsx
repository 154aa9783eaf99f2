import type { ComponentChildren } from "preact";
import { inProgress } from "../actions";
import type { Role } from "../gen/admin/v1/users_pb";
import { whyNot } from "../session";
import { Icon, type IconName } from "./icon";

export interface ButtonProps {
  // "quiet": without a frame, in tables and headers.
  kind?: "plain" | "primary" | "danger" | "quiet";
  icon?: IconName;
  // Only the icon is shown; `children` is its name for screen readers and on hover.
  bare?: boolean;
  // The role that it takes: without it the button is seen, and says why it does nothing.
  needs?: Role;
  // Another reason why it does nothing now.
  disabledReason?: string | undefined;
  // Waits while this action (see perform) is in progress.
  action?: string;
  submit?: boolean;
  title?: string;
  class?: string;
  pressed?: boolean;
  expanded?: boolean;
  onClick?: (event: MouseEvent) => void;
  children: ComponentChildren;
}

// Disabled buttons keep the focus, so that whoever uses a keyboard or a screen reader learns the reason too.
export function Button(props: ButtonProps) {
  const { kind = "plain", icon, bare, needs, action, submit, title, children } = props;
  const busy = action !== undefined && inProgress.value.has(action);
  const reason = (needs !== undefined ? whyNot(needs) : undefined) ?? props.disabledReason;
  const off = reason !== undefined || busy;
  const click = (event: MouseEvent) => {
    if (off) {
      event.preventDefault();
      event.stopPropagation();
    } else {
      props.onClick?.(event);
    }
  };
  return (
    <button
      type={submit ? "submit" : "button"}
      class={`button ${kind} ${bare ? "bare" : ""} ${busy ? "busy" : ""} ${props.class ?? ""}`}
      aria-disabled={off ? "true" : undefined}
      aria-busy={busy ? "true" : undefined}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-description={reason}
      title={reason ?? title ?? (bare && typeof children === "string" ? children : undefined)}
      onClick={click}
    >
      {icon && <Icon name={busy ? "restart" : icon} class={busy ? "spin" : ""} />}
      <span class={bare ? "hidden" : ""}>{children}</span>
    </button>
  );
}
