import { Icon } from "../../components/icon";
import { AreaForm, More, Part, useArea } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import { t } from "../../i18n";
import { Link } from "../../router";
import { availabilityEnabled, availabilityFields, availabilityMore, availabilityPlace, availabilityTouched, roleField } from "./models/network";

export function AvailabilityArea() {
  const area = useArea(["highAvailability"]);
  const own = area.config.value?.highAvailability;
  return (
    <AreaForm area={area} title={t("ha.title")}>
      <Fields place={availabilityPlace} specs={[roleField]} />
      {availabilityEnabled(own) && (
        <>
          <Part title={t("form.options")}>
            <Fields place={availabilityPlace} specs={availabilityFields} />
          </Part>
          <More title={t("form.more")} open={availabilityTouched(own)}>
            <Fields place={availabilityPlace} specs={availabilityMore} />
          </More>
          <p class="quiet small">
            <Icon name="info" /> {t("ha.next")} <Link to="/network/nodes">{t("network.nodes")}</Link>
          </p>
        </>
      )}
    </AreaForm>
  );
}
