// The guide's network tab: local network, static routes, high availability.
import { HighAvailability_Role as Role, type Config, type HighAvailability, type Network, type StaticRoute } from "../../../gen/config/v1/config_pb";
import { isEmpty } from "../../../forms/draft";
import { root, within } from "../../../forms/place";
import type { FieldSpec } from "../../../forms/spec";
import { t } from "../../../i18n";

export const networkPlace = within(root, "network");
export const availabilityPlace = within(root, "highAvailability");

// What the first area owns of `network`; the routes are an area of their own.
export const localOwned = ["managed", "hostname", "interface", "dhcp", "address", "netmask", "gateway", "vlanId", "dnsServer", "ntpServer"].map((name) => `network.${name}`);

const isStatic = (own: Network | undefined) => own?.dhcp !== true;

export function localFields(candidates: string[]): FieldSpec<Network>[] {
  return [
    { name: "managed", kind: "switch", label: () => t("network.managed"), fallback: () => "false", help: () => t("network.managedHelp") },
    { name: "hostname", kind: "text", label: () => t("network.hostname") },
    { name: "interface", kind: "text", label: () => t("network.interface"), fallback: () => candidates[0] ?? "", suggest: () => candidates },
    { name: "dhcp", kind: "switch", label: () => t("network.dhcp"), fallback: () => "false", help: () => t("network.dhcpHelp") },
    { name: "address", kind: "text", label: () => t("field.address"), shown: ({ own }) => isStatic(own) },
    { name: "netmask", kind: "text", label: () => t("network.netmask"), help: () => t("network.netmaskHelp"), shown: ({ own }) => isStatic(own) },
    { name: "gateway", kind: "text", label: () => t("network.gateway"), shown: ({ own }) => isStatic(own) },
    { name: "vlanId", kind: "number", label: () => t("network.vlan"), help: () => t("network.vlanHelp") },
    { name: "dnsServer", kind: "list", label: () => t("network.dns"), help: () => t("field.listHelp") },
    { name: "ntpServer", kind: "list", label: () => t("network.ntp"), help: () => t("field.listHelp") },
  ];
}

export const routeColumns: FieldSpec<StaticRoute>[] = [
  { name: "network", kind: "text", label: () => t("network.routeNetwork"), wide: true },
  { name: "netmask", kind: "text", label: () => t("network.routeMask"), wide: true },
  { name: "router", kind: "text", label: () => t("network.routeRouter"), wide: true },
];

export function tidyRoutes(config: Config): void {
  if (config.network) config.network.staticRoute = config.network.staticRoute.filter((one) => !isEmpty(one));
}

const enabled = (own: HighAvailability | undefined) => own?.role === Role.MASTER || own?.role === Role.BACKUP;
const hasV6 = (own: HighAvailability | undefined) => own?.virtualAddress.some((one) => one.includes(":")) ?? false;

export const roleField: FieldSpec<HighAvailability> = {
  name: "role",
  kind: "choice",
  label: () => t("ha.role"),
  decided: true,
  options: ({ own }) => [
    ...(own === undefined ? [{ value: "", label: t("ha.disabled") }] : [{ value: String(Role.DISABLED), label: t("ha.disabled") }]),
    { value: String(Role.MASTER), label: t("ha.master") },
    { value: String(Role.BACKUP), label: t("ha.backup") },
  ],
  help: ({ own }) => (own?.role === Role.MASTER ? t("ha.masterHelp") : own?.role === Role.BACKUP ? t("ha.backupHelp") : t("ha.disabledHelp")),
};

const whenEnabled = ({ own }: { own: HighAvailability | undefined }) => enabled(own);
export const availabilityEnabled = enabled;

export const availabilityFields: FieldSpec<HighAvailability>[] = [
  { name: "virtualAddress", kind: "list", label: () => t("ha.virtualAddress"), help: () => t("ha.virtualAddressHelp"), shown: whenEnabled },
  { name: "clusterId", kind: "number", label: () => t("ha.clusterId"), help: () => t("ha.clusterIdHelp"), shown: whenEnabled },
];

export const availabilityMore: FieldSpec<HighAvailability>[] = [
  { name: "priority", kind: "number", label: () => t("ha.priority"), fallback: ({ own }) => (own?.role === Role.MASTER ? "150" : "100"), help: () => t("ha.priorityHelp") },
  { name: "interface", kind: "text", label: () => t("network.interface"), help: () => t("ha.interfaceHelp") },
  {
    name: "version",
    kind: "choice",
    label: () => t("ha.version"),
    fallback: ({ own }) => (hasV6(own) ? "3" : "2"),
    options: () => [
      { value: "2", label: t("ha.version2") },
      { value: "3", label: t("ha.version3") },
    ],
  },
  { name: "advertInterval", kind: "duration", label: () => t("ha.interval"), fallback: () => "1s", help: () => t("ha.intervalHelp") },
  { name: "preempt", kind: "switch", label: () => t("ha.preempt"), fallback: () => "true", help: () => t("ha.preemptHelp") },
  { name: "preemptDelay", kind: "duration", label: () => t("ha.preemptDelay"), fallback: () => "0s" },
  { name: "virtualMac", kind: "switch", label: () => t("ha.virtualMac"), fallback: () => "false" },
  { name: "peer", kind: "list", label: () => t("ha.peer"), help: () => t("ha.peerHelp") },
  { name: "linkAddress", kind: "text", label: () => t("ha.linkAddress"), fallback: ({ own }) => (hasV6(own) ? "::" : "0.0.0.0"), help: () => t("ha.linkAddressHelp") },
  { name: "linkPort", kind: "port", label: () => t("ha.linkPort"), fallback: () => "4443", help: () => t("ha.linkPortHelp") },
];

export function availabilityTouched(own: HighAvailability | undefined): boolean {
  if (!own) return false;
  return own.peer.length > 0 || availabilityMore.some((spec) => spec.name !== "peer" && own[spec.name] !== undefined);
}
