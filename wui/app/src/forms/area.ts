// One area of the configuration while somebody edits it: what was changed, what is wrong, what others did meanwhile.
import { computed, signal } from "@preact/signals";
import { FieldViolation_Severity, type FieldViolation } from "../gen/admin/v1/admin_pb";
import type { Config } from "../gen/config/v1/config_pb";
import type { Doc } from "./document";
import { carry, copyOf, prune, sameParts, type Owned } from "./draft";

// Somebody else changed the configuration while this area was edited.
export interface Meanwhile {
  doc: Doc;
  // In this area as well: one of both has to be chosen.
  conflict: boolean;
}

export interface AreaOptions {
  // Tidies a draft before it is compared and sent: rows that were left empty go.
  tidy?: (config: Config) => void;
}

export class Area {
  // What the edit began with.
  readonly base = signal<Doc | undefined>(undefined);
  readonly draft = signal<Config | undefined>(undefined);
  readonly findings = signal<FieldViolation[]>([]);
  readonly meanwhile = signal<Meanwhile | undefined>(undefined);
  // Text that is no value of its field, by path.
  readonly unread = signal<ReadonlyMap<string, string>>(new Map());
  // Its plan is being made or applied: what the stream tells is its own doing.
  busy = false;

  constructor(
    readonly owned: Owned,
    readonly options: AreaOptions = {},
  ) {}

  // What the fields show.
  readonly config = computed<Config | undefined>(() => this.draft.value ?? this.base.value?.config);
  // What would be sent.
  readonly result = computed<Config | undefined>(() => {
    const base = this.base.value?.config;
    if (!base || !this.draft.value) return base;
    const config = copyOf(this.draft.value);
    this.options.tidy?.(config);
    return prune(config, base);
  });
  readonly changed = computed<boolean>(() => {
    const base = this.base.value?.config;
    if (!base || !this.draft.value) return false;
    return this.unread.value.size > 0 || !sameParts(this.result.value!, base, this.owned);
  });

  // A newer configuration runs.
  receive(doc: Doc): void {
    const base = this.base.value;
    if (this.busy || base?.version === doc.version) return;
    if (!base || !this.changed.value) {
      this.begin(doc);
    } else {
      this.meanwhile.value = { doc, conflict: !sameParts(doc.config, base.config, this.owned) };
      if (!this.meanwhile.value.conflict) this.rebase(doc);
    }
  }

  begin(doc: Doc): void {
    this.base.value = doc;
    this.cancel();
  }

  cancel(): void {
    this.draft.value = undefined;
    this.unread.value = new Map();
    this.findings.value = [];
    const newer = this.meanwhile.value?.doc;
    this.meanwhile.value = undefined;
    if (newer && newer.version > (this.base.value?.version ?? 0n)) this.base.value = newer;
  }

  // Puts what was edited upon what runs now.
  keepMine(): void {
    const meanwhile = this.meanwhile.value;
    if (!meanwhile) return;
    this.rebase(meanwhile.doc);
    this.meanwhile.value = undefined;
  }

  private rebase(doc: Doc): void {
    if (this.draft.value) this.draft.value = carry(this.draft.value, doc.config, this.owned);
    this.base.value = doc;
  }

  // `path`: the field that changes; what was wrong there is forgotten.
  edit(path: string, change: (config: Config) => void): void {
    const before = this.config.value;
    if (!before) return;
    const config = copyOf(before);
    change(config);
    this.draft.value = config;
    this.forget(path);
  }

  setUnread(path: string, text: string): void {
    this.edit(path, () => {});
    this.unread.value = new Map(this.unread.value).set(path, text);
  }

  private forget(path: string): void {
    if (this.unread.value.has(path)) {
      const rest = new Map(this.unread.value);
      rest.delete(path);
      this.unread.value = rest;
    }
    if (this.errorAt(path)) this.findings.value = this.findings.value.filter((one) => !concerns(one.path, path));
  }

  // Rows moved: what stood at their numbers is not theirs any more.
  forgetBelow(path: string): void {
    const below = (one: string) => one.startsWith(`${path}[`);
    this.findings.value = this.findings.value.filter((one) => !below(one.path));
    this.unread.value = new Map([...this.unread.value].filter(([one]) => !below(one)));
  }

  errorAt(path: string): string | undefined {
    return this.findings.value.find((one) => isError(one) && concerns(one.path, path))?.message;
  }
}

export function isError(finding: FieldViolation): boolean {
  return finding.severity !== FieldViolation_Severity.WARNING;
}

// A list stands in one field: "allow_from[1]" concerns "allow_from".
export function concerns(found: string, path: string): boolean {
  return found === path || (found.startsWith(`${path}[`) && found.endsWith("]") && !found.slice(path.length).includes("."));
}

// Whether a path of the supervisor's lies in what an area owns: "cas_server[1].address" in "casServer".
export function owns(owned: Owned, path: string): boolean {
  return owned.some((one) => {
    const name = one.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return path.startsWith(name) && (path.length === name.length || ".[".includes(path[name.length]!));
  });
}
