// CAS and HUB servers, the version of Exchange, RPC, and how servers prove themselves.
import { ExchangeVersion, type ExchangeServer, type Rpc, type SmtpServerTls } from "../../../gen/config/v1/exchange_pb";
import type { Config } from "../../../gen/config/v1/config_pb";
import { ServerTls_Verify, type ServerTls } from "../../../gen/config/v1/virtual_service_pb";
import { isEmpty } from "../../../forms/draft";
import { root, within } from "../../../forms/place";
import type { FieldSpec } from "../../../forms/spec";
import { t } from "../../../i18n";

export type ServerList = "casServer" | "hubServer";
export const prefix: Record<ServerList, string> = { casServer: "CAS", hubServer: "HUB" };

export function serverColumns(list: ServerList): FieldSpec<ExchangeServer>[] {
  const place = (own: ExchangeServer | undefined, config: Config) => {
    const index = own ? config[list].indexOf(own) : -1;
    return index < 0 ? "" : freeName(config[list], list, index);
  };
  return [
    { name: "address", kind: "text", label: () => t("field.address"), wide: true },
    { name: "name", kind: "text", label: () => t("field.name"), fallback: ({ own, config }) => place(own, config) },
    { name: "weight", kind: "number", label: () => t("servers.weight"), fallback: () => "1" },
    { name: "maxConnections", kind: "number", label: () => t("servers.maxConnections"), fallback: () => t("servers.unlimited") },
    { name: "slowStart", kind: "duration", label: () => t("servers.slowStart"), fallback: () => "0s" },
  ];
}

// Rows without an address or anything else are none; a server that nobody named is CAS1, CAS2 …
export function tidyServers(config: Config, list: ServerList): void {
  config[list] = config[list].filter((server) => !isEmpty({ ...server, name: automatic(server, list) ? undefined : server.name }));
  config[list].forEach((server, index) => {
    server.name ??= freeName(config[list], list, index);
  });
}

function automatic(server: ExchangeServer, list: ServerList): boolean {
  return server.name === undefined || new RegExp(`^${prefix[list]}\\d+$`).test(server.name);
}

// By the row's number, unless another server has that name.
export function freeName(servers: ExchangeServer[], list: ServerList, index: number): string {
  const taken = new Set(servers.filter((_, other) => other !== index).map((server) => server.name));
  for (let number = index + 1; ; ++number) {
    const name = `${prefix[list]}${number}`;
    if (!taken.has(name)) return name;
  }
}

export const exchangeFields: FieldSpec<Config>[] = [
  {
    name: "exchangeVersion",
    kind: "choice",
    label: () => t("servers.version"),
    fallback: () => String(ExchangeVersion.EXCHANGE_2010),
    options: () => [
      { value: String(ExchangeVersion.EXCHANGE_2010), label: "Exchange 2010" },
      { value: String(ExchangeVersion.EXCHANGE_2013), label: "Exchange 2013" },
      { value: String(ExchangeVersion.EXCHANGE_2016), label: "Exchange 2016" },
      { value: String(ExchangeVersion.EXCHANGE_2019), label: "Exchange 2019" },
      { value: String(ExchangeVersion.EXCHANGE_SE), label: "Exchange SE" },
    ],
    help: () => t("servers.versionHelp"),
  },
  { name: "listenAddress", kind: "text", label: () => t("servers.listenAddress"), fallback: () => "0.0.0.0", help: () => t("servers.listenHelp") },
];

export const rpcPlace = within(root, "rpc");
const rpcOn = (own: Rpc | undefined) => own !== undefined && own.enabled !== false;

export const rpcMode: FieldSpec<Rpc> = {
  name: "enabled",
  kind: "switch",
  label: () => t("rpc.service"),
  // An absent area is disabled, an area without a word is enabled.
  fallback: ({ own }) => String(own !== undefined),
  help: ({ config }) => ((config.exchangeVersion ?? ExchangeVersion.EXCHANGE_2010) > ExchangeVersion.EXCHANGE_2010 ? t("rpc.unusedHelp") : t("rpc.help")),
};

export const rpcOptions: FieldSpec<Rpc>[] = [
  { name: "endpointMapperPort", kind: "port", label: () => t("rpc.endpointMapper"), fallback: () => "135", shown: ({ own }) => rpcOn(own) },
  { name: "clientAccessPort", kind: "port", label: () => t("rpc.clientAccess"), fallback: () => "60000", help: () => t("rpc.portHelp"), shown: ({ own }) => rpcOn(own) },
  { name: "addressBookPort", kind: "port", label: () => t("rpc.addressBook"), fallback: () => "60001", help: () => t("rpc.portHelp"), shown: ({ own }) => rpcOn(own) },
  { name: "timeout", kind: "duration", label: () => t("field.timeout"), fallback: () => "40m", help: () => t("field.timeoutHelp"), shown: ({ own }) => rpcOn(own) },
];

type AnyServerTls = ServerTls | SmtpServerTls;
const verifies = (own: AnyServerTls | undefined, how: ServerTls_Verify) => (own?.verify ?? ServerTls_Verify.CA) === how;

export function serverTlsFields(anchors: string[]): FieldSpec<AnyServerTls>[] {
  return [
    {
      name: "verify",
      kind: "choice",
      label: () => t("serverTls.verify"),
      fallback: () => String(ServerTls_Verify.CA),
      options: () => [
        { value: String(ServerTls_Verify.CA), label: t("serverTls.ca") },
        { value: String(ServerTls_Verify.PIN), label: t("serverTls.pin") },
        { value: String(ServerTls_Verify.NONE), label: t("serverTls.none") },
      ],
      help: ({ own }) => (verifies(own, ServerTls_Verify.NONE) ? t("serverTls.noneHelp") : ""),
    },
    {
      name: "ca",
      kind: "text",
      label: () => t("serverTls.anchor"),
      help: () => t("serverTls.anchorHelp"),
      suggest: () => anchors,
      shown: ({ own }) => verifies(own, ServerTls_Verify.CA),
    },
    { name: "pinSha256", kind: "text", label: () => t("serverTls.fingerprint"), help: () => t("serverTls.fingerprintHelp"), shown: ({ own }) => verifies(own, ServerTls_Verify.PIN) },
    { name: "serverName", kind: "text", label: () => t("serverTls.name"), help: () => t("serverTls.nameHelp"), shown: ({ own }) => !verifies(own, ServerTls_Verify.NONE) },
  ];
}
