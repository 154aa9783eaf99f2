// Local network and static routes, and what the machine has now.
import { api } from "../../api/clients";
import { Badge } from "../../components/badge";
import { Icon } from "../../components/icon";
import { Facts, Loading, Panel } from "../../components/page";
import { Show } from "../../components/loaded";
import { duration } from "../../format";
import { AreaForm, useArea } from "../../forms/area-form";
import { running } from "../../forms/document";
import { Fields } from "../../forms/fields";
import { Rows } from "../../forms/rows";
import type { NetworkState } from "../../gen/admin/v1/network_pb";
import { t } from "../../i18n";
import { useLoaded, type Loaded } from "../../use-loaded";
import { AvailabilityArea } from "./availability";
import { localFields, localOwned, networkPlace, routeColumns, tidyRoutes } from "./models/network";

const FOREVER = 4_294_967_295;

export function LocalTab() {
  const loaded = useLoaded(() => api.network.getNetwork({}), [running.value?.version]);
  return (
    <>
      <Now loaded={loaded} />
      <LocalArea candidates={loaded.value?.candidates ?? []} />
      <RoutesArea />
      <AvailabilityArea />
    </>
  );
}

function LocalArea({ candidates }: { candidates: string[] }) {
  const area = useArea(localOwned);
  const managed = area.config.value?.network?.managed ?? false;
  const note = managed ? (
    <p class="panel-note quiet">{t("network.managedNote")}</p>
  ) : (
    <p class="notice area-notice">
      <Icon name="info" />
      <span>{t("network.notManaged")}</span>
    </p>
  );
  return (
    <AreaForm area={area} title={t("network.local")} note={area.config.value && note}>
      <Fields place={networkPlace} specs={localFields(candidates)} />
    </AreaForm>
  );
}

function RoutesArea() {
  const area = useArea(["network.staticRoute"], { tidy: tidyRoutes });
  return (
    <AreaForm area={area} title={t("network.routes")} note={<p class="panel-note quiet">{t("network.routesNote")}</p>}>
      <Rows parent={networkPlace} list="staticRoute" columns={routeColumns} title={(n) => t("network.route", { n: String(n) })} add={t("network.addRoute")} />
    </AreaForm>
  );
}

function Now({ loaded }: { loaded: Loaded<NetworkState> }) {
  return (
    <Panel title={t("network.now")}>
      <Show loaded={loaded}>{(state) => <NowFacts state={state} />}</Show>
    </Panel>
  );
}

function NowFacts({ state }: { state: NetworkState | undefined }) {
  if (!state) return <Loading />;
  const urls = state.webUrls.length ? state.webUrls.map((url) => <div key={url}>{url}</div>) : t("network.noUrl");
  if (!state.managed) {
    return (
      <Facts
        facts={[
          [t("network.keeper"), t("network.keeperHost")],
          [t("network.candidates"), state.candidates.join(", ") || "–"],
          [t("network.urls"), urls],
        ]}
      />
    );
  }
  const { lease } = state;
  return (
    <Facts
      facts={[
        [t("network.keeper"), t("network.keeperAloha")],
        [t("network.interface"), state.interface || "–"],
        [t("network.addresses"), <Addresses state={state} />],
        [t("network.gateway"), state.gateways.join(", ") || "–"],
        [t("network.urls"), urls],
        ...(lease
          ? ([
              [t("network.leaseOf"), lease.server || "–"],
              [t("network.leaseLeft"), lease.seconds === FOREVER ? t("network.leaseForever") : duration(lease.seconds * 1000)],
              [t("network.dns"), lease.dnsServers.join(", ") || "–"],
              [t("network.ntp"), lease.ntpServers.join(", ") || "–"],
            ] as [string, string][])
          : []),
      ]}
    />
  );
}

function Addresses({ state }: { state: NetworkState }) {
  return (
    <>
      {state.addresses.join(", ") || t("network.noAddress")}{" "}
      {state.lastResort ? (
        <Badge tone="warn" title={t("network.lastResortHelp")}>
          {t("network.lastResort")}
        </Badge>
      ) : (
        state.dhcp && <Badge tone="info">DHCP</Badge>
      )}
    </>
  );
}
