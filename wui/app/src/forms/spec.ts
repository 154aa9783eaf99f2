// What a field is: its kind, its words, what holds while it is empty, and when it appears.
import type { Message } from "@bufbuild/protobuf";
import type { Config } from "../gen/config/v1/config_pb";
import type { FieldKey, Place } from "./place";
import type { Kind } from "./value";

// The message that the field belongs to, and everything around it.
export interface Around<M> {
  own: M | undefined;
  config: Config;
}

export interface Option {
  // Of a choice: the number of the enum value, or the text itself.
  value: string;
  label: string;
}

export interface FieldSpec<M extends Message> {
  name: FieldKey<M>;
  kind: Kind;
  label: () => string;
  // Quiet text.
  help?: (around: Around<M>) => string;
  // What holds while it is absent: "443", "25s", for a switch "true", for a choice the value. Absent: nothing does.
  fallback?: (around: Around<M>) => string;
  // Absent: always. What is hidden keeps its value.
  shown?: (around: Around<M>) => boolean;
  options?: (around: Around<M>) => Option[];
  // A choice that is always made: there is no entry for the default.
  decided?: boolean;
  // Suggestions for a text.
  suggest?: () => string[];
  wide?: boolean;
}

export function isShown<M extends Message>(spec: FieldSpec<M>, place: Place<M>, config: Config): boolean {
  return spec.shown?.({ own: place.get(config), config }) ?? true;
}
