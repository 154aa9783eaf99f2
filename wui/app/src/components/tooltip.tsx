// One floating text for the whole page, shown while its owner is hovered or focused; Escape hides it.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const shown = signal<{ owner: Element; content: ComponentChildren } | undefined>(undefined);
export const TOOLTIP_ID = "tooltip";

// Handlers for the owner. The owner's accessible name has to say the same, or the tooltip describe it.
export function tooltip(content: () => ComponentChildren) {
  const show = (event: { currentTarget: Element }) => {
    shown.value = { owner: event.currentTarget, content: content() };
  };
  const hide = () => {
    shown.value = undefined;
  };
  return {
    onMouseEnter: show,
    onFocus: show,
    onMouseLeave: hide,
    onBlur: hide,
    onMouseDown: hide,
    onKeyDown: (event: KeyboardEvent) => event.key === "Escape" && hide(),
    "aria-describedby": TOOLTIP_ID,
  };
}

export function Tooltip() {
  const box = useRef<HTMLDivElement>(null);
  const current = shown.value;
  useLayoutEffect(() => {
    if (!current || !box.current) return;
    const owner = current.owner.getBoundingClientRect();
    const { width, height } = box.current.getBoundingClientRect();
    const below = owner.bottom + 6 + height < window.innerHeight;
    box.current.style.left = `${Math.max(8, Math.min(owner.left + owner.width / 2 - width / 2, window.innerWidth - width - 8))}px`;
    box.current.style.top = `${below ? owner.bottom + 6 : Math.max(8, owner.top - height - 6)}px`;
  }, [current]);
  return (
    <div id={TOOLTIP_ID} ref={box} class="tooltip" role="tooltip" hidden={!current}>
      {current?.content}
    </div>
  );
}
