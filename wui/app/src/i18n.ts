// Text in the reader's language. Another language is one more file in text/ and one more line in `languages`.
import { computed, signal } from "@preact/signals";
import { en } from "./text/en";
import { fr } from "./text/fr";
import { recall, remember } from "./preferences";

const languages = { en, fr };
export type Language = keyof typeof languages;
export type Key = keyof typeof en;

// The names in braces: "{n} sessions" has "n".
type Names<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
// Those that need no values.
export type PlainKey = { [K in Key]: [Names<(typeof en)[K]>] extends [never] ? K : never }[Key];
type Values<K extends Key> = [Names<(typeof en)[K]>] extends [never] ? [] : [values: Record<Names<(typeof en)[K]>, string | number>];

// A translation whose names differ from those of the English text fails the build, with the key in the message.
type Differing<T extends Record<Key, string>> = {
  [K in Key]: [Names<(typeof en)[K]>, Names<T[K]>] extends [Names<T[K]>, Names<(typeof en)[K]>] ? never : K;
}[Key];
const sameNames: [Differing<typeof fr>] extends [never] ? true : Differing<typeof fr> = true;
void sameNames;

export const languageNames: Record<Language, string> = { en: "English", fr: "Français" };

// What this reader chose; empty: as the machine.
export const chosenLanguage = signal<Language | "">(asLanguage(recall("language")));
// What the machine says.
export const machineLanguage = signal<Language | "">("");
export const language = computed<Language>(() => chosenLanguage.value || machineLanguage.value || ofBrowser());

// For dates and numbers: with the clock of 24 hours.
const locales: Record<Language, string> = { en: "en-GB", fr: "fr-FR" };
export const locale = computed(() => locales[language.value]);

export function asLanguage(name: string | null | undefined): Language | "" {
  return name && name in languages ? (name as Language) : "";
}

export function chooseLanguage(name: Language | ""): void {
  chosenLanguage.value = name;
  remember("language", name);
}

// The text of a key. "one form|the other": the first for one thing, the second for more, counted by {n}.
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  const given = (values[0] ?? {}) as Record<string, string | number>;
  let text: string = languages[language.value][key];
  const forms = text.split("|");
  if (forms.length === 2) text = forms[isOne(given["n"]) ? 0 : 1]!;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = given[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.value.format(value) : value;
  });
}

const numbers = computed(() => new Intl.NumberFormat(locale.value));
const plurals = computed(() => new Intl.PluralRules(locale.value));

function isOne(n: string | number | undefined): boolean {
  return typeof n === "number" && plurals.value.select(n) === "one";
}

function ofBrowser(): Language {
  for (const name of navigator.languages) {
    const known = asLanguage(name.slice(0, 2));
    if (known) return known;
  }
  return "en";
}
