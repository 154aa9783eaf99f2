// The area of Outlook Web App and the other services over HTTP: which options appear in which mode.
import { ExchangeVersion, HttpDirectory_Name, Http_Mode, type Http } from "../../../gen/config/v1/exchange_pb";
import { ListenerTls_Profile, type ListenerTls } from "../../../gen/config/v1/virtual_service_pb";
import type { FieldSpec, Option } from "../../../forms/spec";
import { root, within, type FieldKey } from "../../../forms/place";
import { t, type PlainKey } from "../../../i18n";

export const httpPlace = within(root, "http");

const modeOf = (own: Http | undefined) => own?.mode ?? Http_Mode.DISABLED;
const enabled = (own: Http | undefined) => modeOf(own) !== Http_Mode.DISABLED && modeOf(own) !== Http_Mode.MODE_UNSPECIFIED;
// TLS ends here, so that paths can be told apart and a certificate is needed.
export const endsTls = (own: Http | undefined) => modeOf(own) === Http_Mode.SSL_OFFLOAD || modeOf(own) === Http_Mode.SSL_BRIDGE;
const isMode = (own: Http | undefined, ...modes: Http_Mode[]) => modes.includes(modeOf(own));

export const httpModes: { value: Http_Mode; label: PlainKey; help: PlainKey }[] = [
  { value: Http_Mode.DISABLED, label: "mode.disabled", help: "http.disabledHelp" },
  { value: Http_Mode.SSL_OFFLOAD, label: "mode.sslOffload", help: "http.offloadHelp" },
  { value: Http_Mode.SSL_FORWARD, label: "mode.sslForward", help: "http.forwardHelp" },
  { value: Http_Mode.SSL_BRIDGE, label: "mode.sslBridge", help: "http.bridgeHelp" },
];

export const httpMode: FieldSpec<Http> = {
  name: "mode",
  kind: "choice",
  label: () => t("http.service"),
  decided: true,
  options: () => httpModes.map(({ value, label }) => ({ value: String(value), label: t(label) })),
  help: ({ own }) => t(httpModes.find(({ value }) => value === modeOf(own))?.help ?? "http.disabledHelp"),
};

export const httpOptions: FieldSpec<Http>[] = [
  { name: "hostName", kind: "text", label: () => t("http.hostName"), help: () => t("http.hostNameHelp"), shown: ({ own }) => enabled(own) },
  { name: "virtualHttpsPort", kind: "port", label: () => t("http.httpsPort"), fallback: () => "443", shown: ({ own }) => enabled(own) },
  { name: "redirectHttpPort", kind: "port", label: () => t("http.redirectPort"), fallback: () => "80", help: () => t("http.redirectHelp"), shown: ({ own }) => enabled(own) },
  {
    name: "casHttpPort",
    kind: "port",
    label: () => t("http.casHttpPort"),
    fallback: () => "80",
    help: ({ own }) => (isMode(own, Http_Mode.SSL_FORWARD) ? t("http.casHttpPortUnused") : ""),
    shown: ({ own }) => isMode(own, Http_Mode.SSL_OFFLOAD, Http_Mode.SSL_FORWARD),
  },
  { name: "casHttpsPort", kind: "port", label: () => t("http.casHttpsPort"), fallback: () => "443", shown: ({ own }) => isMode(own, Http_Mode.SSL_FORWARD, Http_Mode.SSL_BRIDGE) },
  { name: "timeout", kind: "duration", label: () => t("field.timeout"), help: () => t("http.timeoutHelp"), shown: ({ own }) => enabled(own) },
  {
    name: "forwardCheck",
    kind: "choice",
    label: () => t("http.forwardCheck"),
    fallback: () => String(HttpDirectory_Name.OUTLOOK_WEB_APP),
    options: () => directories.map(({ name, label }) => ({ value: String(name), label: t(label) })),
    help: () => t("http.forwardCheckHelp"),
    shown: ({ own }) => isMode(own, Http_Mode.SSL_FORWARD),
  },
];

export const profiles = (): Option[] => [
  { value: String(ListenerTls_Profile.MODERN), label: t("profile.modern") },
  { value: String(ListenerTls_Profile.INTERMEDIATE), label: t("profile.intermediate") },
  { value: String(ListenerTls_Profile.LEGACY), label: t("profile.legacy") },
];

export const profileOf = (name: FieldKey<ListenerTls>): FieldSpec<ListenerTls> => ({
  name,
  kind: "choice",
  label: () => t("field.profile"),
  fallback: () => String(ListenerTls_Profile.INTERMEDIATE),
  options: profiles,
});

// Rarely touched, where TLS ends here.
export const httpMore: FieldSpec<Http>[] = [
  {
    name: "tlsProfile",
    kind: "choice",
    label: () => t("field.profile"),
    fallback: () => String(ListenerTls_Profile.INTERMEDIATE),
    options: profiles,
    shown: ({ own }) => endsTls(own),
  },
  { name: "hsts", kind: "switch", label: () => t("http.hsts"), fallback: () => "false", help: () => t("http.hstsHelp"), shown: ({ own }) => endsTls(own) },
  { name: "extraPath", kind: "list", label: () => t("http.extraPath"), help: () => t("http.extraPathHelp"), shown: ({ own }) => endsTls(own) },
  { name: "requestIdHeader", kind: "text", label: () => t("http.requestId"), help: () => t("http.requestIdHelp"), shown: ({ own }) => endsTls(own) },
];

export const usesServerTls = (own: Http | undefined) => isMode(own, Http_Mode.SSL_BRIDGE);

interface Directory {
  name: HttpDirectory_Name;
  field: FieldKey<Http>;
  label: PlainKey;
  path: string;
  fallback: (version: ExchangeVersion) => boolean;
}

const on = () => true;
export const directories: Directory[] = [
  { name: HttpDirectory_Name.OUTLOOK_WEB_APP, field: "outlookWebApp", label: "directory.owa", path: "/owa", fallback: on },
  { name: HttpDirectory_Name.EXCHANGE_CONTROL_PANEL, field: "exchangeControlPanel", label: "directory.ecp", path: "/ecp", fallback: on },
  { name: HttpDirectory_Name.OFFLINE_ADDRESS_BOOK, field: "offlineAddressBook", label: "directory.oab", path: "/oab", fallback: on },
  { name: HttpDirectory_Name.AUTODISCOVER, field: "autodiscover", label: "directory.autodiscover", path: "/autodiscover", fallback: on },
  { name: HttpDirectory_Name.EXCHANGE_WEB_SERVICES, field: "exchangeWebServices", label: "directory.ews", path: "/ews", fallback: on },
  { name: HttpDirectory_Name.ACTIVE_SYNC, field: "activeSync", label: "directory.activeSync", path: "/Microsoft-Server-ActiveSync", fallback: on },
  { name: HttpDirectory_Name.OUTLOOK_ANYWHERE, field: "outlookAnywhere", label: "directory.outlookAnywhere", path: "/rpc", fallback: on },
  { name: HttpDirectory_Name.MAPI, field: "mapi", label: "directory.mapi", path: "/mapi", fallback: (version) => version >= ExchangeVersion.EXCHANGE_2013 },
  { name: HttpDirectory_Name.POWERSHELL, field: "powershell", label: "directory.powershell", path: "/powershell", fallback: () => false },
];

export function directorySwitch(directory: Directory): FieldSpec<Http> {
  return {
    name: directory.field,
    kind: "switch",
    label: () => t(directory.label),
    fallback: ({ config }) => String(directory.fallback(config.exchangeVersion ?? ExchangeVersion.EXCHANGE_2010)),
  };
}
