// The guide's CAS servers, and what all Exchange areas share.
import { AreaForm, useArea } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import { root } from "../../forms/place";
import { Rows } from "../../forms/rows";
import { t } from "../../i18n";
import { exchangeFields, prefix, serverColumns, tidyServers, type ServerList } from "./models/servers";

export function ServersTab() {
  const servers = useArea(["casServer"], { tidy: (config) => tidyServers(config, "casServer") });
  const exchange = useArea(["exchangeVersion", "listenAddress"]);
  return (
    <>
      <AreaForm area={servers} title={t("servers.casTitle")} note={<p class="panel-note quiet">{t("servers.casNote")}</p>}>
        <ServerRows list="casServer" />
      </AreaForm>
      <AreaForm area={exchange} title={t("servers.exchangeTitle")}>
        <Fields place={root} specs={exchangeFields} />
      </AreaForm>
    </>
  );
}

export function ServerRows({ list }: { list: ServerList }) {
  return <Rows parent={root} list={list} columns={serverColumns(list)} title={(n) => `${prefix[list]}${n}`} add={t("servers.add")} />;
}

