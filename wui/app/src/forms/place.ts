// Where a message stands inside a configuration, and what the supervisor calls that place: "http.server_tls".
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { ConfigSchema, type Config } from "../gen/config/v1/config_pb";

export interface Place<M extends Message> {
  path: string;
  schema: DescMessage;
  get: (config: Config) => M | undefined;
  // Makes it, and what is around it, where it is absent.
  make: (config: Config) => M;
  remove: (config: Config) => void;
}

type MessageKey<P> = { [K in keyof P]-?: NonNullable<P[K]> extends Message ? K : never }[keyof P] & string;
type ListKey<P> = { [K in keyof P]-?: P[K] extends Message[] ? K : never }[keyof P] & string;
type Item<T> = T extends (infer I extends Message)[] ? I : never;
export type FieldKey<M> = Exclude<keyof M & string, `$${string}`>;
type Bag = Record<string, unknown>;

export const root: Place<Config> = {
  path: "",
  schema: ConfigSchema,
  get: (config) => config,
  make: (config) => config,
  remove: () => {},
};

// A message in a field of another.
export function within<P extends Message, K extends MessageKey<P>>(parent: Place<P>, key: K): Place<NonNullable<P[K]> & Message> {
  const schema = messageOf(parent.schema, key);
  const bag = (message: P | undefined) => message as Bag | undefined;
  type M = NonNullable<P[K]> & Message;
  return {
    path: named(parent, key),
    schema,
    get: (config) => bag(parent.get(config))?.[key] as M | undefined,
    make: (config) => {
      const around = bag(parent.make(config))!;
      return (around[key] ??= create(schema)) as M;
    },
    remove: (config) => {
      const around = bag(parent.get(config));
      if (around) around[key] = undefined;
    },
  };
}

// One message of a list. `make` appends as many as are missing.
export function item<P extends Message, K extends ListKey<P>>(parent: Place<P>, key: K, index: number): Place<Item<P[K]>> {
  const schema = messageOf(parent.schema, key);
  type M = Item<P[K]>;
  const list = (message: P | undefined) => (message as Bag | undefined)?.[key] as M[] | undefined;
  return {
    path: `${named(parent, key)}[${index}]`,
    schema,
    get: (config) => list(parent.get(config))?.[index],
    make: (config) => {
      const all = list(parent.make(config))!;
      while (all.length <= index) all.push(create(schema) as M);
      return all[index]!;
    },
    remove: (config) => void list(parent.get(config))?.splice(index, 1),
  };
}

// As the supervisor writes it: "http.virtual_https_port".
export function pathOf<M extends Message>(place: Place<M>, key: FieldKey<M>): string {
  return named(place, key);
}

function named(place: { path: string; schema: DescMessage }, key: string): string {
  const field = place.schema.fields.find((one) => one.localName === key);
  if (!field) throw new Error(`${place.schema.typeName} has no field ${key}`);
  return place.path ? `${place.path}.${field.name}` : field.name;
}

function messageOf(schema: DescMessage, key: string): DescMessage {
  const field = schema.fields.find((one) => one.localName === key);
  if (!field?.message) throw new Error(`${schema.typeName} has no message ${key}`);
  return field.message;
}
