import { PageHeader, Tabs } from "../../components/page";
import { t } from "../../i18n";
import { place } from "../../router";
import { Charts } from "./charts";
import { HealthGrid } from "./health-grid";
import { PersistenceTab } from "./persistence";
import { SessionsTab } from "./sessions";

export default function DashboardPage() {
  const path = place.value.path;
  const tabs = [
    { to: "/", title: t("dashboard.overview") },
    { to: "/sessions", title: t("dashboard.sessions") },
    { to: "/persistence", title: t("dashboard.persistence") },
  ];
  return (
    <>
      <PageHeader title={t("page.dashboard")} question={t("dashboard.question")} />
      <Tabs label={t("page.dashboard")} tabs={tabs} current={path} />
      {path === "/sessions" ? (
        <SessionsTab />
      ) : path === "/persistence" ? (
        <PersistenceTab />
      ) : (
        <>
          <HealthGrid />
          <Charts />
        </>
      )}
    </>
  );
}
