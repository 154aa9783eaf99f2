// IMAP, POP3 and SMTP: which ports, certificates and options appear in which mode.
import {
  Mail_Mode,
  Mail_Starttls,
  SmtpArea_SslPortMode,
  SmtpServerTls_Mode,
  type MailArea,
  type SmtpArea,
  type SmtpServerTls,
} from "../../../gen/config/v1/exchange_pb";
import type { FieldSpec } from "../../../forms/spec";
import { t, type PlainKey } from "../../../i18n";

export type Protocol = "imap" | "pop3" | "smtp";
export type AnyMail = MailArea | SmtpArea;

interface Mode {
  value: Mail_Mode;
  label: PlainKey;
  help: PlainKey;
  // Ports for clients.
  clear: boolean;
  ssl: boolean;
  // Ports of the servers.
  serverClear: boolean;
  serverSsl: boolean;
  // TLS ends here on the SSL port.
  ends: boolean;
  // It begins again towards the servers.
  bridge: boolean;
}

const none = { clear: false, ssl: false, serverClear: false, serverSsl: false, ends: false, bridge: false };
export const mailModes: Mode[] = [
  { ...none, value: Mail_Mode.DISABLED, label: "mode.disabled", help: "mail.disabledHelp" },
  { ...none, value: Mail_Mode.CLEAR, label: "mode.clear", help: "mail.clearHelp", clear: true, serverClear: true },
  { ...none, value: Mail_Mode.SSL_FORWARD, label: "mode.sslForward", help: "mail.forwardHelp", ssl: true, serverSsl: true },
  { ...none, value: Mail_Mode.SSL_OFFLOAD, label: "mode.sslOffload", help: "mail.offloadHelp", ssl: true, serverClear: true, ends: true },
  { ...none, value: Mail_Mode.CLEAR_AND_SSL_FORWARD, label: "mode.clearForward", help: "mail.clearForwardHelp", clear: true, ssl: true, serverClear: true, serverSsl: true },
  { ...none, value: Mail_Mode.CLEAR_AND_SSL_OFFLOAD, label: "mode.clearOffload", help: "mail.clearOffloadHelp", clear: true, ssl: true, serverClear: true, ends: true },
  { ...none, value: Mail_Mode.SSL_BRIDGE, label: "mode.sslBridge", help: "mail.bridgeHelp", ssl: true, serverSsl: true, ends: true, bridge: true },
  { value: Mail_Mode.CLEAR_AND_SSL_BRIDGE, label: "mode.clearBridge", help: "mail.clearBridgeHelp", clear: true, ssl: true, serverClear: true, serverSsl: true, ends: true, bridge: true },
];

export function modeOf(own: AnyMail | undefined): Mode {
  return mailModes.find(({ value }) => value === own?.mode) ?? mailModes[0]!;
}
export const isEnabled = (own: AnyMail | undefined) => modeOf(own).clear || modeOf(own).ssl;
const endsStarttls = (own: AnyMail | undefined) =>
  modeOf(own).clear && (own?.starttls === Mail_Starttls.OFFERED || own?.starttls === Mail_Starttls.REQUIRED);
export const needsCertificate = (own: AnyMail | undefined) => modeOf(own).ends || endsStarttls(own);
export const isBridge = (own: AnyMail | undefined) => modeOf(own).bridge;

interface Names {
  word: string;
  ports: [clear: string, ssl: string];
  timeout: string;
}
export const names: Record<Protocol, Names> = {
  imap: { word: "IMAP", ports: ["143", "993"], timeout: "31m" },
  pop3: { word: "POP3", ports: ["110", "995"], timeout: "10m" },
  smtp: { word: "SMTP", ports: ["25", "587"], timeout: "5m" },
};

export function mailMode(protocol: Protocol): FieldSpec<AnyMail> {
  return {
    name: "mode",
    kind: "choice",
    label: () => t("mail.service", { protocol: names[protocol].word }),
    decided: true,
    options: () => mailModes.map(({ value, label }) => ({ value: String(value), label: t(label) })),
    help: ({ own }) => t(modeOf(own).help),
  };
}

export function mailOptions(protocol: Protocol): FieldSpec<AnyMail>[] {
  const { word, ports, timeout } = names[protocol];
  const servers = () => (protocol === "smtp" ? t("servers.hub") : t("servers.cas"));
  const port = (name: "virtualPort" | "virtualSslPort" | "serverPort" | "serverSslPort", ssl: boolean, shown: (mode: Mode) => boolean): FieldSpec<AnyMail> => ({
    name,
    kind: "port",
    label: () =>
      name.startsWith("virtual") ? t("mail.virtualPort", { protocol: ssl ? `${word}s` : word }) : t("mail.serverPort", { servers: servers(), protocol: ssl ? `${word}s` : word }),
    fallback: () => ports[ssl ? 1 : 0],
    shown: ({ own }) => shown(modeOf(own)),
  });
  return [
    port("virtualPort", false, (mode) => mode.clear),
    port("virtualSslPort", true, (mode) => mode.ssl),
    port("serverPort", false, (mode) => mode.serverClear),
    port("serverSslPort", true, (mode) => mode.serverSsl),
    { name: "timeout", kind: "duration", label: () => t("field.timeout"), fallback: () => timeout, help: () => t("field.timeoutHelp"), shown: ({ own }) => isEnabled(own) },
  ];
}

export function mailMore(): FieldSpec<AnyMail>[] {
  return [
    {
      name: "starttls",
      kind: "choice",
      label: () => t("mail.starttls"),
      fallback: () => String(Mail_Starttls.OFF),
      options: () => [
        { value: String(Mail_Starttls.OFF), label: t("starttls.off") },
        { value: String(Mail_Starttls.OFFERED), label: t("starttls.offered") },
        { value: String(Mail_Starttls.REQUIRED), label: t("starttls.required") },
      ],
      help: () => t("mail.starttlsHelp"),
      shown: ({ own }) => modeOf(own).clear,
    },
    { name: "allowFrom", kind: "list", label: () => t("field.allowFrom"), help: () => t("field.allowFromHelp"), shown: ({ own }) => isEnabled(own) },
  ];
}

const smtpSsl = (own: SmtpArea | undefined) => modeOf(own).ssl;
const sslPort = (own: SmtpArea | undefined) => own?.virtualSslPort ?? 587;

export const smtpMore: FieldSpec<SmtpArea>[] = [
  {
    name: "sslPortMode",
    kind: "choice",
    label: () => t("smtp.sslPortMode"),
    fallback: ({ own }) => String(sslPort(own) === 587 ? SmtpArea_SslPortMode.STARTTLS : SmtpArea_SslPortMode.IMPLICIT),
    options: () => [
      { value: String(SmtpArea_SslPortMode.STARTTLS), label: t("smtp.starttls") },
      { value: String(SmtpArea_SslPortMode.IMPLICIT), label: t("smtp.implicit") },
    ],
    shown: ({ own }) => smtpSsl(own),
  },
  {
    name: "implicitTlsPort",
    kind: "port",
    label: () => t("smtp.implicitPort"),
    fallback: ({ own }) => (modeOf(own).ends ? "465" : "0"),
    help: () => t("smtp.implicitPortHelp"),
    shown: ({ own }) => smtpSsl(own),
  },
  { name: "sourceAddressPersistence", kind: "switch", label: () => t("smtp.persistence"), fallback: () => "false", help: () => t("smtp.persistenceHelp"), shown: ({ own }) => isEnabled(own) },
];

export function smtpServerMode(own: SmtpArea | undefined): FieldSpec<SmtpServerTls> {
  return {
    name: "mode",
    kind: "choice",
    label: () => t("smtp.serverTls"),
    fallback: () => String(isBridge(own) ? SmtpServerTls_Mode.STARTTLS : SmtpServerTls_Mode.NONE),
    options: () => [
      { value: String(SmtpServerTls_Mode.NONE), label: t("smtp.noTls") },
      { value: String(SmtpServerTls_Mode.STARTTLS), label: t("smtp.starttls") },
      { value: String(SmtpServerTls_Mode.IMPLICIT), label: t("smtp.implicit") },
    ],
  };
}

export const usesSmtpServerTls = (own: SmtpArea | undefined) => needsCertificate(own);
export const smtpServerEncrypted = (own: SmtpArea | undefined) =>
  (own?.serverTls?.mode ?? (isBridge(own) ? SmtpServerTls_Mode.STARTTLS : SmtpServerTls_Mode.NONE)) !== SmtpServerTls_Mode.NONE;
