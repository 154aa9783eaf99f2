// What the machine does besides carrying traffic: logging and alerts; and with how many threads it carries it.
import { AreaForm, Part, useArea } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import { t } from "../../i18n";
import { alertFields, alertPlace, logFields, logPlace, performanceFields, performancePlace, syslogFields, syslogPlace, tidyAlert, tidyLog } from "./models/operation";

export function OperationTab() {
  return (
    <>
      <LogArea />
      <AlertArea />
      <PerformanceArea />
    </>
  );
}

function LogArea() {
  const area = useArea(["log"], { tidy: tidyLog });
  return (
    <AreaForm area={area} title={t("log.title")}>
      <Fields place={logPlace} specs={logFields} />
      <Part title="Syslog">
        <Fields place={syslogPlace} specs={syslogFields} />
      </Part>
    </AreaForm>
  );
}

function AlertArea() {
  const area = useArea(["alert"], { tidy: tidyAlert });
  return (
    <AreaForm area={area} title={t("alert.title")} note={<p class="panel-note quiet">{t("alert.note")}</p>}>
      <Fields place={alertPlace} specs={alertFields} />
    </AreaForm>
  );
}

function PerformanceArea() {
  const area = useArea(["performance"]);
  return (
    <AreaForm area={area} title={t("performance.title")}>
      <Fields place={performancePlace} specs={performanceFields} />
    </AreaForm>
  );
}
