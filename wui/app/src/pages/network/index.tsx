import { PageHeader, Tabs } from "../../components/page";
import { t } from "../../i18n";
import { place } from "../../router";
import { LocalTab } from "./local";
import { NodesTab } from "./nodes";
import { StateTab } from "./state";

export default function NetworkPage() {
  const path = place.value.path;
  const tabs = [
    { to: "/network", title: t("network.settings") },
    { to: "/network/state", title: t("network.state") },
    { to: "/network/nodes", title: t("network.nodes") },
  ];
  const Current = path === "/network/state" ? StateTab : path === "/network/nodes" ? NodesTab : LocalTab;
  return (
    <>
      <PageHeader title={t("page.network")} question={t("network.question")} />
      <Tabs label={t("page.network")} tabs={tabs} current={path} />
      <Current />
    </>
  );
}
