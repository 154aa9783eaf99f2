// What Aloha tells of itself, to whom, and how many threads carry the traffic.
import { LogSettings_Format, type Alert, type Config, type LogSettings, type Performance, type Syslog } from "../../../gen/config/v1/config_pb";
import { isEmpty } from "../../../forms/draft";
import { root, within } from "../../../forms/place";
import type { FieldSpec } from "../../../forms/spec";
import { t } from "../../../i18n";

export const logPlace = within(root, "log");
export const syslogPlace = within(logPlace, "syslog");
export const alertPlace = within(root, "alert");
export const performancePlace = within(root, "performance");

const writes = ({ own }: { own: LogSettings | undefined }) => own?.access !== false;

export const logFields: FieldSpec<LogSettings>[] = [
  { name: "access", kind: "switch", label: () => t("log.access"), fallback: () => "true", help: () => t("log.accessHelp") },
  {
    name: "format",
    kind: "choice",
    label: () => t("log.format"),
    fallback: () => String(LogSettings_Format.HAPROXY),
    options: () => [
      { value: String(LogSettings_Format.HAPROXY), label: t("log.haproxy") },
      { value: String(LogSettings_Format.JSON), label: "JSON" },
    ],
    shown: writes,
  },
];

export const syslogFields: FieldSpec<Syslog>[] = [
  { name: "address", kind: "text", label: () => t("log.syslogAddress"), help: () => t("log.syslogHelp") },
  { name: "port", kind: "port", label: () => t("log.syslogPort"), fallback: () => "514" },
];

export const alertFields: FieldSpec<Alert>[] = [
  { name: "smtpServer", kind: "text", label: () => t("alert.server"), help: () => t("alert.serverHelp") },
  { name: "port", kind: "port", label: () => t("alert.port"), fallback: () => "25" },
  { name: "from", kind: "text", label: () => t("alert.from") },
  { name: "to", kind: "list", label: () => t("alert.to"), help: () => t("field.listHelp") },
];

export const performanceFields: FieldSpec<Performance>[] = [
  { name: "proxyThreads", kind: "number", label: () => t("performance.threads"), fallback: () => "0", help: () => t("performance.threadsHelp") },
];

// An emptied message would ask for its required fields.
export function tidyLog(config: Config): void {
  if (config.log?.syslog && isEmpty(config.log.syslog)) config.log.syslog = undefined;
}

export function tidyAlert(config: Config): void {
  if (config.alert && isEmpty(config.alert)) config.alert = undefined;
}
