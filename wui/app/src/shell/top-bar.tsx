// Node, VRRP state, health, unsaved changes, and who is signed in.
import { perform } from "../actions";
import { api } from "../api/clients";
import { Badge, type Tone } from "../components/badge";
import { Button } from "../components/button";
import { Role } from "../gen/admin/v1/users_pb";
import { VirtualRouterState_State as RouterState } from "../gen/worker/v1/vrrp_pb";
import { ago } from "../format";
import { t } from "../i18n";
import { configuration, connection, health, lastSeen, system, vrrp } from "../live/store";
import { Link } from "../router";
import { UserMenu } from "./user-menu";

export function TopBar() {
  return (
    <header class="top-bar">
      <strong class="node">{system.value?.hostname ?? ""}</strong>
      <VrrpBadge />
      <HealthPill />
      <span class="top-space" />
      <Unsaved />
      <UserMenu />
    </header>
  );
}

function VrrpBadge() {
  const routers = vrrp.value?.routers ?? [];
  if (routers.length === 0) return null;
  const states = routers.map((router) => router.state?.state ?? RouterState.STATE_UNSPECIFIED);
  const why = routers.map((router) => `${router.addresses.join(", ")}: ${router.state?.why ?? t("vrrp.notRunning")}`).join("\n");
  const all = (state: RouterState) => states.every((one) => one === state);
  const [tone, word]: [Tone, string] = all(RouterState.MASTER)
    ? ["ok", t("vrrp.master")]
    : all(RouterState.BACKUP)
      ? ["info", t("vrrp.backup")]
      : states.includes(RouterState.FAULT)
        ? ["bad", t("vrrp.fault")]
        : ["warn", t("vrrp.mixed")];
  return (
    <Link to="/network" class="pill-link" title={why}>
      <Badge tone={tone} icon="network">
        {word}
      </Badge>
    </Link>
  );
}

function HealthPill() {
  if (connection.value === "lost") {
    return (
      <span role="status">
        <Badge tone="bad">{t("state.lost", { ago: ago(lastSeen.value) })}</Badge>
      </span>
    );
  }
  const tones = { serving: "ok", degraded: "warn", down: "bad", idle: "idle" } as const;
  const state = health.value;
  if (!state) return <Badge tone="idle">{t("state.connecting")}</Badge>;
  return (
    <Link to="/" class="pill-link" title={t("health.hint")}>
      <Badge tone={tones[state]}>{t(`health.${state}`)}</Badge>
    </Link>
  );
}

function Unsaved() {
  if (!configuration.value?.unsavedChanges) return null;
  return (
    <span class="unsaved">
      <Badge tone="warn">{t("unsaved.badge")}</Badge>
      <SaveButton />
    </span>
  );
}

export function SaveButton() {
  const save = () => void perform("save", () => api.configuration.saveConfig({}), t("unsaved.saved"));
  const authoritative = configuration.value?.authoritative ? t("unsaved.authoritative") : undefined;
  return (
    <Button kind="primary" icon="save" action="save" needs={Role.ADMIN} disabledReason={authoritative} onClick={save}>
      {t("action.save")}
    </Button>
  );
}
