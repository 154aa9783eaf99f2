// What the appliance package brings: said here, so that nobody looks for it elsewhere.
import { Empty, Panel } from "../../components/page";
import type { IconName } from "../../components/icon";
import { t } from "../../i18n";
import { Licences } from "./licences";

const areas: [IconName, "maintenance.backup" | "maintenance.firmware", "maintenance.backupNext" | "maintenance.firmwareNext"][] = [
  ["download", "maintenance.backup", "maintenance.backupNext"],
  ["upload", "maintenance.firmware", "maintenance.firmwareNext"],
];

export function MaintenanceTab() {
  return (
    <>
      {areas.map(([icon, title, next]) => (
        <Panel key={title} title={t(title)}>
          <Empty icon={icon} title={t("maintenance.later")}>
            {t(next)}
          </Empty>
        </Panel>
      ))}
      <Licences />
    </>
  );
}
