// Light or dark: as the system, or as the reader chose.
import { computed, effect, signal } from "@preact/signals";
import { recall, remember } from "./preferences";

export type Theme = "" | "light" | "dark";

const asTheme = (name: string | null): Theme => (name === "light" || name === "dark" ? name : "");
export const chosenTheme = signal<Theme>(asTheme(recall("theme")));

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<"light" | "dark">(systemDark.matches ? "dark" : "light");
systemDark.addEventListener("change", (event) => (systemTheme.value = event.matches ? "dark" : "light"));

export const theme = computed(() => chosenTheme.value || systemTheme.value);

export function chooseTheme(name: Theme): void {
  chosenTheme.value = name;
  remember("theme", name);
}

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
