import type { Event } from "../../gen/admin/v1/admin_pb";
import { t } from "../../i18n";
import { EventList } from "../history/events";

// What somebody did or was refused, and whatever concerns accounts.
const isAudit = (event: Event) => event.method !== "" || ["audit", "user", "token"].includes(event.subject);

export function AuditTab() {
  return <EventList title={t("setup.audit")} note={t("audit.note")} keep={isAudit} />;
}
