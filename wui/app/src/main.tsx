import { effect } from "@preact/signals";
import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/components.css";
import "./style/layout.css";
import "./style/forms.css";
import "./style/pages.css";
import { App } from "./app";
import { language } from "./i18n";
import { startLive } from "./live/stream";
import { askCaller, caller } from "./session";
import "./theme";

effect(() => {
  document.documentElement.lang = language.value;
});

// The server may be starting: ask until it answers.
async function begin(pause = 500): Promise<void> {
  try {
    await askCaller();
  } catch {
    if (caller.value === undefined) setTimeout(() => void begin(Math.min(pause * 2, 5000)), pause);
  }
}

startLive();
void begin();
render(<App />, document.getElementById("app")!);
