import { PageHeader, Tabs } from "../../components/page";
import { t } from "../../i18n";
import { place } from "../../router";
import { EventsTab } from "./events";
import { VersionsTab } from "./versions";

export default function HistoryPage() {
  const path = place.value.path;
  const tabs = [
    { to: "/history", title: t("history.versions") },
    { to: "/history/events", title: t("history.events") },
  ];
  return (
    <>
      <PageHeader title={t("page.history")} question={t("history.question")} />
      <Tabs label={t("page.history")} tabs={tabs} current={path} />
      {path === "/history/events" ? <EventsTab /> : <VersionsTab />}
    </>
  );
}
