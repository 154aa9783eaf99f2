import { Badge } from "../../components/badge";
import { Area_State } from "../../gen/admin/v1/configuration_pb";
import { t } from "../../i18n";
import { configuration } from "../../live/store";

// How an area of the Exchange settings stands: in use, incomplete and why, disabled.
export function AreaState({ name }: { name: string }) {
  const area = configuration.value?.areas.find((one) => one.name === name);
  if (!area) return null;
  switch (area.state) {
    case Area_State.OK:
      return <Badge tone="ok">{t("area.ok")}</Badge>;
    case Area_State.INCOMPLETE:
      return (
        <Badge tone="warn" title={area.reason}>
          {area.reason ? t("area.incompleteWhy", { why: area.reason }) : t("area.incomplete")}
        </Badge>
      );
    default:
      return <Badge tone="idle">{t("area.disabled")}</Badge>;
  }
}
