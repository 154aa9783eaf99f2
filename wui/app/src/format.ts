// Numbers, bytes and times as people read them.
import { computed, signal } from "@preact/signals";
import { locale, t } from "./i18n";

const plain = computed(() => new Intl.NumberFormat(locale.value));
const short = computed(() => new Intl.NumberFormat(locale.value, { maximumSignificantDigits: 3 }));
const exact = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "medium" }));
const day = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: "medium" }));
const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: "medium" }));
const relative = computed(() => new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }));

// Milliseconds since 1970, of the machine that is managed: its clock and the browser's may differ.
export const clockOffset = signal(0);
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now() + clockOffset.peek()), 1000);

export function count(value: number | bigint): string {
  return plain.value.format(value);
}

// At most three digits that count: "12.3", "0.45", "1,230".
export function brief(value: number): string {
  return value >= 100 ? plain.value.format(Math.round(value)) : short.value.format(value);
}

// IEC units: "512 B", "1.5 MiB"; in French octets.
export function bytes(value: number | bigint): string {
  const units = t("unit.bytes").split(" ");
  let number = Number(value);
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    ++unit;
  }
  return `${unit === 0 ? plain.value.format(Math.round(number)) : brief(number)} ${units[unit]!}`;
}

// "45 s", "12 min", "3 h 5 min", "2 d 4 h".
export function duration(ms: number): string {
  if (ms < 1000) return `${brief(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), t("unit.day")],
    [Math.floor(seconds / 3600) % 24, t("unit.hour")],
    [Math.floor(seconds / 60) % 60, t("unit.minute")],
    [seconds % 60, t("unit.second")],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  return parts
    .slice(first, first + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${count(number)} ${unit}`)
    .join(" ");
}

// "12 seconds ago", "in 3 days". `ms` since 1970.
export function ago(ms: number): string {
  const seconds = Math.round((ms - now.value) / 1000);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["year", 31_557_600],
    ["month", 2_629_800],
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.value.format(Math.trunc(seconds / length), unit);
  }
  return relative.value.format(Math.abs(seconds) < 1 ? 0 : seconds, "second");
}

export function exactTime(ms: number): string {
  return exact.value.format(ms);
}

export function dateOnly(ms: number): string {
  return day.value.format(ms);
}

export function timeOnly(ms: number): string {
  return clock.value.format(ms);
}

// Microseconds of the API to milliseconds.
export function fromUs(us: bigint | number): number {
  return Number(us) / 1000;
}
