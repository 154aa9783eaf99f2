// Virtual services beyond the Exchange areas: the list, and a page for each.
import { useEffect } from "preact/hooks";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Empty, Loading, Panel } from "../../components/page";
import { Table, type Column } from "../../components/table";
import { followRunning, running } from "../../forms/document";
import { VirtualService_Protocol, type VirtualService } from "../../gen/config/v1/virtual_service_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { virtualServices } from "../../live/store";
import { go, Link, place, query } from "../../router";
import { ServiceEditor } from "./service-editor";

const HOME = "/config/virtual-services";
const EDIT = `${HOME}/edit`;
// A name may have dots, which paths must not.
const editor = (name: string) => (name ? `${EDIT}?name=${encodeURIComponent(name)}` : EDIT);

export function VirtualServicesTab() {
  useEffect(followRunning, []);
  if (place.value.path === EDIT) return <ServiceEditor key={query("name")} name={query("name")} home={HOME} open={(name) => void go(editor(name))} />;
  const config = running.value?.config;
  if (!config) return <Loading />;
  return (
    <Panel
      title={t("vs.title")}
      note={t("vs.note")}
      actions={
        <Button icon="plus" kind="primary" needs={Role.ADMIN} onClick={() => void go(editor(""))}>
          {t("vs.add")}
        </Button>
      }
    >
      <Table
        id="services"
        label={t("vs.title")}
        columns={columns()}
        rows={config.virtualService}
        rowKey={(row) => row.name ?? ""}
        onOpen={(row) => void go(editor(row.name ?? ""))}
        empty={<Empty icon="config" title={t("vs.none")}>{t("vs.noneNext")}</Empty>}
      />
    </Panel>
  );
}

const endpoints = (row: VirtualService) => row.listener.map((one) => `${one.address ?? "0.0.0.0"}:${one.port ?? ""}`).join(", ");
const protocol = (row: VirtualService) => (row.protocol === VirtualService_Protocol.HTTP ? "HTTP" : "TCP");
const servers = (row: VirtualService) => row.server.map((one) => one.name).join(", ");

function columns(): Column<VirtualService>[] {
  return [
    { key: "name", title: t("field.name"), render: (row) => <Link to={editor(row.name ?? "")}>{row.name}</Link>, text: (row) => row.name ?? "" },
    { key: "listeners", title: t("vs.listeners"), render: endpoints, text: endpoints },
    { key: "protocol", title: t("vs.protocol"), render: protocol, text: protocol },
    { key: "servers", title: t("vs.servers"), render: servers, text: servers },
    { key: "state", title: t("vs.state"), render: (row) => <Serving name={row.name ?? ""} /> },
  ];
}

function Serving({ name }: { name: string }) {
  const live = virtualServices.value?.find((one) => one.name === name);
  if (!live) return <Badge tone="idle">{t("state.connecting")}</Badge>;
  return live.serving ? <Badge tone="ok">{t("vs.serving")}</Badge> : <Badge tone="bad">{t("vs.notServing")}</Badge>;
}
