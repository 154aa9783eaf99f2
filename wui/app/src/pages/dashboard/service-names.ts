// What the services of the Exchange areas are called by people.
import type { VirtualService } from "../../gen/admin/v1/traffic_pb";
import { t } from "../../i18n";

const products: Record<string, string> = {
  owa: "Outlook on the web",
  ecp: "Exchange Control Panel",
  ews: "Exchange Web Services",
  oab: "Offline Address Book",
  autodiscover: "Autodiscover",
  activesync: "ActiveSync",
  rpcproxy: "Outlook Anywhere",
  "outlook-anywhere": "Outlook Anywhere",
  mapi: "MAPI over HTTP",
  powershell: "PowerShell",
};

// Empty: the name says it all.
export function describe(service: VirtualService): string {
  const product = service.area === "http" ? products[service.name] : undefined;
  return product ?? (service.listeners.length > 0 ? service.listeners.join(", ") : service.area ? t("grid.area", { area: service.area }) : "");
}
