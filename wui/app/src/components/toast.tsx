import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { place } from "../router";
import type { Tone } from "./badge";
import { Button } from "./button";
import { Icon } from "./icon";

interface Message {
  id: number;
  tone: Tone;
  text: string;
}

const messages = signal<Message[]>([]);
let next = 1;

// Says what happened; failures stay until they are closed, or another page is shown.
export function toast(tone: "ok" | "bad" | "info", text: string): void {
  const id = next++;
  messages.value = [...messages.value.filter((known) => known.text !== text).slice(-3), { id, tone, text }];
  if (tone !== "bad") setTimeout(() => dismiss(id), 6000);
}

function dismiss(id: number): void {
  messages.value = messages.value.filter((message) => message.id !== id);
}

export function Toasts() {
  useEffect(() => {
    messages.value = messages.value.filter((message) => message.tone !== "bad");
  }, [place.value.path]);
  return (
    <div class="toasts">
      {messages.value.map((message) => (
        <div key={message.id} class={`toast ${message.tone}`} role={message.tone === "bad" ? "alert" : "status"}>
          <Icon name={message.tone === "bad" ? "cross" : message.tone === "ok" ? "check" : "info"} />
          <p>{message.text}</p>
          <Button kind="quiet" icon="cross" bare onClick={() => dismiss(message.id)}>
            {t("action.close")}
          </Button>
        </div>
      ))}
    </div>
  );
}
