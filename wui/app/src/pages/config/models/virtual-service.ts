// Virtual services beyond the Exchange areas: the fields that most of them need. The rest is kept, and edited as text.
import { create } from "@bufbuild/protobuf";
import type { Config } from "../../../gen/config/v1/config_pb";
import {
  AuthorizationHeaderPersistenceSchema,
  CookiePersistenceSchema,
  EndpointMapperHealthCheckSchema,
  HealthCheckSchema,
  HttpHealthCheckSchema,
  ImapHealthCheckSchema,
  ListenerTlsSchema,
  PersistenceSchema,
  Pop3HealthCheckSchema,
  Server_SendProxy,
  SmtpHealthCheckSchema,
  SourceAddressPersistenceSchema,
  TcpHealthCheckSchema,
  VirtualService_Balance,
  VirtualService_Protocol,
  VirtualServiceSchema,
  type HealthCheck,
  type HttpHealthCheck,
  type Listener,
  type Persistence,
  type Server,
  type VirtualService,
} from "../../../gen/config/v1/virtual_service_pb";
import { isEmpty } from "../../../forms/draft";
import { item, root, within, type Place } from "../../../forms/place";
import type { FieldSpec } from "../../../forms/spec";
import { t } from "../../../i18n";

export const servicePlace = (index: number) => item(root, "virtualService", index);

const isHttp = (own: VirtualService | undefined) => own?.protocol === VirtualService_Protocol.HTTP;

export const serviceFields: FieldSpec<VirtualService>[] = [
  { name: "name", kind: "text", label: () => t("field.name"), help: () => t("vs.nameHelp") },
  {
    name: "protocol",
    kind: "choice",
    label: () => t("vs.protocol"),
    fallback: () => String(VirtualService_Protocol.TCP),
    options: () => [
      { value: String(VirtualService_Protocol.TCP), label: t("vs.tcp") },
      { value: String(VirtualService_Protocol.HTTP), label: t("vs.http") },
    ],
  },
  {
    name: "balance",
    kind: "choice",
    label: () => t("vs.balance"),
    fallback: () => String(VirtualService_Balance.ROUND_ROBIN),
    options: () => [
      { value: String(VirtualService_Balance.ROUND_ROBIN), label: t("vs.roundRobin") },
      { value: String(VirtualService_Balance.LEAST_CONNECTIONS), label: t("vs.leastConnections") },
      { value: String(VirtualService_Balance.SOURCE_HASH), label: t("vs.sourceHash") },
    ],
  },
];

export const serviceMore: FieldSpec<VirtualService>[] = [
  { name: "idleTimeout", kind: "duration", label: () => t("vs.idleTimeout"), fallback: () => "600s" },
  { name: "connectTimeout", kind: "duration", label: () => t("vs.connectTimeout"), fallback: () => "5s" },
  { name: "queueTimeout", kind: "duration", label: () => t("vs.queueTimeout"), fallback: () => "60s" },
  { name: "retries", kind: "number", label: () => t("vs.retries"), fallback: () => "3" },
  { name: "allowFrom", kind: "list", label: () => t("field.allowFrom"), help: () => t("field.allowFromHelp") },
  { name: "rootRedirect", kind: "text", label: () => t("vs.rootRedirect"), help: () => t("vs.rootRedirectHelp"), shown: ({ own }) => isHttp(own) },
];

export const listenerColumns: FieldSpec<Listener>[] = [
  { name: "address", kind: "text", label: () => t("field.address"), fallback: () => "0.0.0.0", wide: true },
  { name: "port", kind: "port", label: () => t("field.port") },
  { name: "acceptProxy", kind: "switch", label: () => t("vs.acceptProxy"), fallback: () => "false" },
];

export const serverColumns: FieldSpec<Server>[] = [
  { name: "address", kind: "text", label: () => t("field.address"), wide: true },
  { name: "port", kind: "port", label: () => t("field.port") },
  { name: "name", kind: "text", label: () => t("field.name"), fallback: ({ own, config }) => fallbackName(own, config) },
  { name: "weight", kind: "number", label: () => t("servers.weight"), fallback: () => "1" },
  { name: "maxConnections", kind: "number", label: () => t("servers.maxConnections"), fallback: () => t("servers.unlimited") },
  {
    name: "sendProxy",
    kind: "choice",
    label: () => t("vs.sendProxy"),
    fallback: () => String(Server_SendProxy.OFF),
    options: () => [
      { value: String(Server_SendProxy.OFF), label: t("form.off") },
      { value: String(Server_SendProxy.V1), label: t("vs.version1") },
      { value: String(Server_SendProxy.V2), label: t("vs.version2") },
    ],
  },
];

function fallbackName(own: Server | undefined, config: Config): string {
  if (!own) return "";
  const service = config.virtualService.find((one) => one.server.includes(own));
  return service ? freeName(service.server, service.server.indexOf(own)) : "";
}

function freeName(servers: Server[], index: number): string {
  const taken = new Set(servers.filter((_, other) => other !== index).map((server) => server.name));
  for (let number = index + 1; ; ++number) if (!taken.has(`server${number}`)) return `server${number}`;
}

// Rows without anything are none; a server that nobody named is server1, server2 …
export function tidyServices(config: Config): void {
  for (const service of config.virtualService) {
    service.listener = service.listener.filter((one) => !isEmpty(one));
    service.server = service.server.filter((one) => !isEmpty(one));
    service.server.forEach((server, index) => (server.name ??= freeName(service.server, index)));
  }
}

export function newService(): VirtualService {
  return create(VirtualServiceSchema, { protocol: VirtualService_Protocol.HTTP, healthCheck: create(HealthCheckSchema, { protocol: { case: "http", value: create(HttpHealthCheckSchema) } }) });
}

// What binds later sessions of a client, as one choice.
export type PersistenceKind = "" | "cookie" | "sourceAddress" | "authorizationHeader";
export const persistenceKind = (own: VirtualService | undefined): PersistenceKind => own?.persistence?.by.case ?? "";
export function setPersistence(service: VirtualService, kind: PersistenceKind): void {
  if (kind === persistenceKind(service)) return;
  if (kind === "") {
    delete service.persistence;
    return;
  }
  const persistence = (service.persistence ??= create(PersistenceSchema));
  const made = {
    cookie: () => ({ case: "cookie" as const, value: create(CookiePersistenceSchema) }),
    sourceAddress: () => ({ case: "sourceAddress" as const, value: create(SourceAddressPersistenceSchema) }),
    authorizationHeader: () => ({ case: "authorizationHeader" as const, value: create(AuthorizationHeaderPersistenceSchema) }),
  };
  persistence.by = made[kind]();
}

export const persistenceFields: FieldSpec<Persistence>[] = [
  { name: "expiry", kind: "duration", label: () => t("vs.expiry"), fallback: ({ own }) => (own?.by.case === "cookie" ? "" : "30m"), help: () => t("vs.expiryHelp") },
];

export type CheckKind = "" | "tcp" | "http" | "imap" | "pop3" | "smtp" | "endpointMapper";
export const checkKinds: CheckKind[] = ["tcp", "http", "imap", "pop3", "smtp", "endpointMapper"];
export const checkKind = (own: VirtualService | undefined): CheckKind => own?.healthCheck?.protocol.case ?? "";
export function setCheck(service: VirtualService, kind: CheckKind): void {
  if (kind === checkKind(service)) return;
  if (kind === "") {
    delete service.healthCheck;
    return;
  }
  const check = (service.healthCheck ??= create(HealthCheckSchema));
  const made = {
    tcp: () => ({ case: "tcp" as const, value: create(TcpHealthCheckSchema) }),
    http: () => ({ case: "http" as const, value: create(HttpHealthCheckSchema) }),
    imap: () => ({ case: "imap" as const, value: create(ImapHealthCheckSchema) }),
    pop3: () => ({ case: "pop3" as const, value: create(Pop3HealthCheckSchema) }),
    smtp: () => ({ case: "smtp" as const, value: create(SmtpHealthCheckSchema) }),
    endpointMapper: () => ({ case: "endpointMapper" as const, value: create(EndpointMapperHealthCheckSchema) }),
  };
  check.protocol = made[kind]();
}

// The HTTP check of a service, which stands in a oneof.
export function httpCheckPlace(index: number): Place<HttpHealthCheck> {
  const check = within(servicePlace(index), "healthCheck");
  const get = (config: Config) => {
    const protocol = check.get(config)?.protocol;
    return protocol?.case === "http" ? protocol.value : undefined;
  };
  return {
    path: `${check.path}.http`,
    schema: HttpHealthCheckSchema,
    get,
    make: (config) => {
      const made = get(config) ?? create(HttpHealthCheckSchema);
      check.make(config).protocol = { case: "http", value: made };
      return made;
    },
    remove: () => {},
  };
}

export const httpCheckFields: FieldSpec<HttpHealthCheck>[] = [
  { name: "path", kind: "text", label: () => t("vs.checkPath"), fallback: () => "/" },
  { name: "host", kind: "text", label: () => t("vs.checkHost"), help: () => t("vs.checkHostHelp") },
  { name: "expectBody", kind: "text", label: () => t("vs.checkBody"), help: () => t("vs.checkBodyHelp") },
];

export const checkFields: FieldSpec<HealthCheck>[] = [
  { name: "interval", kind: "duration", label: () => t("vs.checkInterval"), fallback: () => "2s" },
  { name: "timeout", kind: "duration", label: () => t("field.timeout"), fallback: () => "2s" },
  { name: "rise", kind: "number", label: () => t("vs.rise"), fallback: () => "2" },
  { name: "fall", kind: "number", label: () => t("vs.fall"), fallback: () => "3" },
];

// A listener's certificates: TLS begins and ends with them.
export function setListenerCertificates(listener: Listener, names: string[]): void {
  if (names.length === 0) delete listener.tls;
  else (listener.tls ??= create(ListenerTlsSchema)).certificate = names;
}

// What this page does not show, by the names of the fields.
export function hiddenParts(own: VirtualService): string[] {
  const parts: [string, boolean][] = [
    ["request_header", own.requestHeader.length > 0],
    ["response_header", own.responseHeader.length > 0],
    ["route", own.route.length > 0],
    ["pool", own.pool.length > 0],
    ["redirect", own.redirect !== undefined],
    ["rate_limit", own.rateLimit !== undefined],
    ["request_id_header", own.requestIdHeader !== undefined],
    ["server.tls", own.server.some((server) => server.tls !== undefined)],
    ["listener.starttls", own.listener.some((listener) => listener.starttls !== undefined)],
  ];
  return parts.filter(([, there]) => there).map(([name]) => name);
}
