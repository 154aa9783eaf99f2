// A copy of the running configuration that an area edits: nothing else than what the area owns may differ in the end.
import { clone, create, equals } from "@bufbuild/protobuf";
import { ConfigSchema, type Config } from "../gen/config/v1/config_pb";

// What an area owns: fields of Config, or of a message in it: "http", "network.hostname".
export type Owned = readonly string[];

type Bag = Record<string, unknown>;

export function copyOf(config: Config): Config {
  return clone(ConfigSchema, config);
}

// `theirs` with the area's own parts out of `mine`.
export function carry(mine: Config, theirs: Config, owned: Owned): Config {
  const result = copyOf(theirs) as unknown as Bag;
  const from = copyOf(mine) as unknown as Bag;
  for (const path of owned) {
    const [field, inner] = path.split(".") as [string, string | undefined];
    if (!inner) {
      result[field] = from[field];
      continue;
    }
    const value = (from[field] as Bag | undefined)?.[inner];
    const absent = value === undefined || (Array.isArray(value) && value.length === 0);
    if (absent && result[field] === undefined) continue;
    const target = (result[field] ??= create(ConfigSchema.fields.find((one) => one.localName === field)!.message!)) as Bag;
    target[inner] = value ?? (Array.isArray(target[inner]) ? [] : undefined);
  }
  return result as unknown as Config;
}

// Whether both have the same in what the area owns.
export function sameParts(a: Config, b: Config, owned: Owned): boolean {
  return equals(ConfigSchema, carry(a, b, owned), b);
}

// Messages that were made for a field which was emptied again hold nothing: they go, unless they were there before.
export function prune(draft: Config, base: Config): Config {
  const result = copyOf(draft);
  pruneMessage(result as unknown as Bag, base as unknown as Bag);
  return result;
}

function pruneMessage(message: Bag, before: Bag | undefined): void {
  for (const [name, value] of Object.entries(message)) {
    if (!isMessage(value)) continue;
    const old = before?.[name];
    pruneMessage(value, isMessage(old) ? old : undefined);
    if (old === undefined && isEmpty(value)) message[name] = undefined;
  }
}

function isMessage(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && "$typeName" in value;
}

export function isEmpty(message: object): boolean {
  return Object.entries(message).every(
    ([name, value]) => name.startsWith("$") || value === undefined || (Array.isArray(value) && value.length === 0) || isEmptyOneof(value),
  );
}

function isEmptyOneof(value: unknown): boolean {
  return typeof value === "object" && value !== null && "case" in value && value.case === undefined;
}
