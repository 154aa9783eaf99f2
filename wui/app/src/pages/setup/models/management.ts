// Who reaches the management, and by which way: browsers, remote programs, Prometheus.
import {
  GrpcUser_Role,
  type Config,
  type GrpcListener,
  type GrpcUser,
  type Management,
  type MetricsListener,
  type WebListener,
} from "../../../gen/config/v1/config_pb";
import { isEmpty } from "../../../forms/draft";
import { root, within, type FieldKey } from "../../../forms/place";
import type { FieldSpec } from "../../../forms/spec";
import { t, type PlainKey } from "../../../i18n";

const managementPlace = within(root, "management");
export const webPlace = within(managementPlace, "web");
export const grpcPlace = within(managementPlace, "grpc");
export const metricsPlace = within(managementPlace, "metrics");

type AnyListener = WebListener | GrpcListener | MetricsListener;
export const isOn = (own: AnyListener | undefined) => own?.enabled === true;

export const listenerSwitch = (label: PlainKey): FieldSpec<AnyListener> => ({ name: "enabled", kind: "switch", label: () => t(label), fallback: () => "false" });

// Where it listens, and for whom.
export function listenerFields(address: string, port: string): FieldSpec<AnyListener>[] {
  return [
    { name: "address", kind: "text", label: () => t("field.address"), fallback: () => address, help: () => t("management.addressHelp") },
    { name: "port", kind: "port", label: () => t("field.port"), fallback: () => port },
    { name: "allowFrom", kind: "list", label: () => t("field.allowFrom"), help: () => t("management.allowFromHelp") },
  ];
}

export function certificateField<M extends WebListener | GrpcListener>(certificates: string[]): FieldSpec<M> {
  return { name: "certificate" as FieldKey<M>, kind: "text", label: () => t("certificate.part"), help: () => t("management.certificateHelp"), suggest: () => certificates };
}

export function anchorField(anchors: string[]): FieldSpec<GrpcListener> {
  return { name: "ca", kind: "text", label: () => t("serverTls.anchor"), help: () => t("management.anchorHelp"), suggest: () => anchors };
}

export const userColumns: FieldSpec<GrpcUser>[] = [
  { name: "subject", kind: "text", label: () => t("management.subject"), fallback: () => "CN=ops", wide: true },
  {
    name: "role",
    kind: "choice",
    label: () => t("users.role"),
    fallback: () => "",
    options: () => [
      { value: String(GrpcUser_Role.ADMIN), label: t("role.admin") },
      { value: String(GrpcUser_Role.OPERATOR), label: t("role.operator") },
      { value: String(GrpcUser_Role.MONITOR), label: t("role.monitor") },
    ],
  },
];

export function tidyUsers(config: Config): void {
  const grpc: Management["grpc"] = config.management?.grpc;
  if (grpc) grpc.user = grpc.user.filter((one) => !isEmpty(one));
}
