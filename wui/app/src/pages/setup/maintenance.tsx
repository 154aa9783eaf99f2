// What the appliance package brings: said here, so that nobody looks for it elsewhere.
import { Empty, Panel } from "../../components/page";
import type { IconName } from "../../components/icon";
import { t } from "../../i18n";

const areas: [IconName, "maintenance.backup" | "maintenance.firmware" | "maintenance.licences", "maintenance.backupNext" | "maintenance.firmwareNext" | "maintenance.licencesNext"][] = [
  ["download", "maintenance.backup", "maintenance.backupNext"],
  ["upload", "maintenance.firmware", "maintenance.firmwareNext"],
  ["certificate", "maintenance.licences", "maintenance.licencesNext"],
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
    </>
  );
}
