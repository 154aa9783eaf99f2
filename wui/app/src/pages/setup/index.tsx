import type { ComponentType } from "preact";
import { PageHeader, Tabs } from "../../components/page";
import { t, type PlainKey } from "../../i18n";
import { place } from "../../router";
import { AccountTab } from "./account";
import { AuditTab } from "./audit";
import { MaintenanceTab } from "./maintenance";
import { ManagementTab } from "./management";
import { OperationTab } from "./operation";
import { SignInsTab } from "./sign-ins";
import { SystemTab } from "./system";
import { TokensTab } from "./tokens";
import { UsersTab } from "./users";

const tabs: { to: string; title: PlainKey; tab: ComponentType }[] = [
  { to: "/setup", title: "setup.system", tab: SystemTab },
  { to: "/setup/management", title: "setup.management", tab: ManagementTab },
  { to: "/setup/operation", title: "setup.operation", tab: OperationTab },
  { to: "/setup/users", title: "setup.users", tab: UsersTab },
  { to: "/setup/tokens", title: "setup.tokens", tab: TokensTab },
  { to: "/setup/sign-ins", title: "setup.signIns", tab: SignInsTab },
  { to: "/setup/audit", title: "setup.audit", tab: AuditTab },
  { to: "/setup/maintenance", title: "setup.maintenance", tab: MaintenanceTab },
  { to: "/setup/account", title: "setup.account", tab: AccountTab },
];

export default function SetupPage() {
  const path = place.value.path;
  const Current = (tabs.find((one) => one.to === path) ?? tabs[0]!).tab;
  return (
    <>
      <PageHeader title={t("page.setup")} question={t("setup.question")} />
      <Tabs label={t("page.setup")} current={path} tabs={tabs.map(({ to, title }) => ({ to, title: t(title) }))} />
      <Current />
    </>
  );
}
