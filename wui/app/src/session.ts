// Who is signed in, and what the role may do. The server decides; pages only show it.
import { Code } from "@connectrpc/connect";
import { computed, signal } from "@preact/signals";
import { api } from "./api/clients";
import { isCode } from "./api/errors";
import { Role, type CallerInfo } from "./gen/admin/v1/users_pb";
import { asLanguage, machineLanguage, t } from "./i18n";

// Undefined: not asked yet; null: nobody is signed in.
export const caller = signal<CallerInfo | null | undefined>(undefined);
// A session ended while a page was open: said on the sign-in page.
export const ended = signal(false);
// "admin" with "admin" opens the way to a new password.
export const firstSignIn = signal(false);

export const role = computed(() => caller.value?.role ?? Role.ROLE_UNSPECIFIED);

export async function askCaller(): Promise<void> {
  const info = await api.users.getCaller({});
  firstSignIn.value = info.firstSignIn;
  machineLanguage.value = asLanguage(info.language);
  caller.value = info.role === Role.ROLE_UNSPECIFIED ? null : info;
}

export function signedIn(info: CallerInfo): void {
  ended.value = false;
  firstSignIn.value = false;
  machineLanguage.value = asLanguage(info.language) || machineLanguage.value;
  caller.value = info;
}

// After a call that failed: UNAUTHENTICATED means that the session is over.
export function noticeEnd(error: unknown): void {
  if (!caller.value || !isCode(error, Code.Unauthenticated)) return;
  ended.value = true;
  caller.value = null;
}

export async function signOut(): Promise<void> {
  try {
    await api.users.signOut({});
  } finally {
    caller.value = null;
  }
}

export function may(needed: Role): boolean {
  return role.value >= needed;
}

// Why not; undefined: it is allowed.
export function whyNot(needed: Role): string | undefined {
  return may(needed) ? undefined : t("role.needed", { role: roleName(needed), own: roleName(role.value) });
}

export function roleName(which: Role): string {
  switch (which) {
    case Role.ADMIN:
      return t("role.admin");
    case Role.OPERATOR:
      return t("role.operator");
    case Role.MONITOR:
      return t("role.monitor");
    default:
      return t("role.none");
  }
}
