// The ways into the management. What could cut off whoever changes it waits for a confirmation.
import { AreaForm, Part, useArea } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import { Rows } from "../../forms/rows";
import { t } from "../../i18n";
import { useCertificates, useTrustAnchors } from "../certificates/store";
import { anchorField, certificateField, grpcPlace, isOn, listenerFields, listenerSwitch, metricsPlace, tidyUsers, userColumns, webPlace } from "./models/management";

const CONFIRM_S = 60;

export function ManagementTab() {
  const certificates = (useCertificates().value ?? []).map((one) => one.name);
  return (
    <>
      <WebArea certificates={certificates} />
      <GrpcArea certificates={certificates} />
      <MetricsArea />
    </>
  );
}

function WebArea({ certificates }: { certificates: string[] }) {
  const area = useArea(["management.web"]);
  return (
    <AreaForm area={area} title={t("management.web")} confirmWithinS={CONFIRM_S} note={<p class="panel-note quiet">{t("management.webNote")}</p>}>
      <Fields place={webPlace} specs={[listenerSwitch("management.web")]} />
      {isOn(area.config.value?.management?.web) && <Fields place={webPlace} specs={[...listenerFields("0.0.0.0", "4444"), certificateField(certificates)]} />}
    </AreaForm>
  );
}

function GrpcArea({ certificates }: { certificates: string[] }) {
  const area = useArea(["management.grpc"], { tidy: tidyUsers });
  const anchors = (useTrustAnchors().value ?? []).map((one) => one.name);
  return (
    <AreaForm area={area} title={t("management.grpc")} note={<p class="panel-note quiet">{t("management.grpcNote")}</p>}>
      <Fields place={grpcPlace} specs={[listenerSwitch("management.grpc")]} />
      {isOn(area.config.value?.management?.grpc) && (
        <>
          <Fields place={grpcPlace} specs={[...listenerFields("0.0.0.0", "4443"), certificateField(certificates), anchorField(anchors)]} />
          <Part title={t("management.users")} note={t("management.usersNote")}>
            <Rows parent={grpcPlace} list="user" columns={userColumns} title={(n) => t("management.user", { n: String(n) })} add={t("management.addUser")} least={1} />
          </Part>
        </>
      )}
    </AreaForm>
  );
}

function MetricsArea() {
  const area = useArea(["management.metrics"]);
  return (
    <AreaForm area={area} title={t("management.metrics")} note={<p class="panel-note quiet">{t("management.metricsNote")}</p>}>
      <Fields place={metricsPlace} specs={[listenerSwitch("management.metrics")]} />
      {isOn(area.config.value?.management?.metrics) && <Fields place={metricsPlace} specs={listenerFields("127.0.0.1", "9101")} />}
    </AreaForm>
  );
}
