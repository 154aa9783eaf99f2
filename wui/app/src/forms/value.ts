// Between what stands in a field and what the configuration holds. An emptied field is an absent value.
import type { Message } from "@bufbuild/protobuf";
import type { Config } from "../gen/config/v1/config_pb";
import type { FieldKey, Place } from "./place";

// "list": several values with commas or spaces between them. "switch" and "choice" know "" as "the default".
export type Kind = "text" | "port" | "number" | "duration" | "list" | "switch" | "choice";

const LARGEST = 4_294_967_295;

export function read<M extends Message>(config: Config, place: Place<M>, name: FieldKey<M>): string {
  const value: unknown = place.get(config)?.[name];
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

// False: `text` is no value of this kind, nothing was written.
export function write<M extends Message>(config: Config, place: Place<M>, name: FieldKey<M>, kind: Kind, text: string): boolean {
  const value = parse(kind, text.trim());
  if (value === null) return false;
  const absent = value === undefined || (Array.isArray(value) && value.length === 0);
  if (absent && !place.get(config)) return true;
  (place.make(config) as Record<string, unknown>)[name] = value;
  return true;
}

// Undefined: absent; null: no value of this kind.
function parse(kind: Kind, text: string): unknown {
  if (kind === "list") return text.split(/[\s,;]+/).filter(Boolean);
  if (text === "") return undefined;
  switch (kind) {
    case "port":
    case "number":
      return /^\d{1,10}$/.test(text) && Number(text) <= LARGEST ? Number(text) : null;
    case "switch":
      return text === "true";
    case "choice":
      return Number(text);
    default:
      return text;
  }
}

export const units = ["ms", "s", "m", "h"] as const;
export type Unit = (typeof units)[number];

export interface Duration {
  number: string;
  unit: Unit;
}

// "25s" as number and unit; without a unit that is known the whole text is the number. `fallback`: whose unit counts for
// an empty one.
export function splitDuration(text: string, fallback: string): Duration {
  const found = /^\s*([\d.]*)\s*(ms|s|m|h)\s*$/.exec(text);
  if (found) return { number: found[1]!, unit: found[2] as Unit };
  const unit = (/(ms|s|m|h)$/.exec(fallback)?.[1] ?? "s") as Unit;
  return { number: text, unit };
}

export function joinDuration({ number, unit }: Duration): string {
  const text = number.trim();
  return text === "" || /[a-z]$/.test(text) ? text : text + unit;
}
