// What the appliance package brings: said here, so that nobody looks for it elsewhere.
import { Empty, Panel } from "../../components/page";
import { t } from "../../i18n";
import { Backup } from "./backup";
import { Licences } from "./licences";

export function MaintenanceTab() {
  return (
    <>
      <Backup />
      <Panel title={t("maintenance.firmware")}>
        <Empty icon="upload" title={t("maintenance.later")}>
          {t("maintenance.firmwareNext")}
        </Empty>
      </Panel>
      <Licences />
    </>
  );
}
