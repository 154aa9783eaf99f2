import { PageHeader } from "../../components/page";
import { t } from "../../i18n";
import { ServiceTable } from "./service-table";
import { WorkerTable } from "./worker-table";

export default function ServicesPage() {
  return (
    <>
      <PageHeader title={t("page.services")} question={t("services.question")} />
      <ServiceTable />
      <WorkerTable />
    </>
  );
}
