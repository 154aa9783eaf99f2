import type { ComponentType } from "preact";
import { PageHeader, Tabs } from "../../components/page";
import { t, type PlainKey } from "../../i18n";
import { place } from "../../router";
import { HttpTab } from "./http";
import { ImapTab, Pop3Tab, SmtpTab } from "./mail";
import { RpcTab } from "./rpc";
import { ServersTab } from "./servers";
import { TextTab } from "./text";
import { VirtualServicesTab } from "./virtual-services";

const tabs: { to: string; title: PlainKey; tab: ComponentType }[] = [
  { to: "/config", title: "config.servers", tab: ServersTab },
  { to: "/config/http", title: "config.http", tab: HttpTab },
  { to: "/config/imap", title: "config.imap", tab: ImapTab },
  { to: "/config/pop3", title: "config.pop3", tab: Pop3Tab },
  { to: "/config/rpc", title: "config.rpc", tab: RpcTab },
  { to: "/config/smtp", title: "config.smtp", tab: SmtpTab },
  { to: "/config/virtual-services", title: "config.virtualServices", tab: VirtualServicesTab },
  { to: "/config/text", title: "config.text", tab: TextTab },
];

export default function ConfigPage() {
  const path = place.value.path;
  const current = tabs.find((one) => path === one.to || (one.to !== "/config" && path.startsWith(`${one.to}/`))) ?? tabs[0]!;
  return (
    <>
      <PageHeader title={t("page.config")} question={t("config.question")} />
      <Tabs label={t("page.config")} current={current.to} tabs={tabs.map(({ to, title }) => ({ to, title: t(title) }))} />
      <current.tab key={current.to} />
    </>
  );
}
