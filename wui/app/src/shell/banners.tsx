// What everybody should know on every page.
import { useEffect, useState } from "preact/hooks";
import { perform } from "../actions";
import { api } from "../api/clients";
import { Button } from "../components/button";
import { Icon } from "../components/icon";
import { fromUs, now, timeOnly } from "../format";
import type { Version } from "../gen/admin/v1/configuration_pb";
import { Role } from "../gen/admin/v1/users_pb";
import { t } from "../i18n";
import { configuration } from "../live/store";
import { Link } from "../router";

export function Banners() {
  const state = configuration.value;
  if (!state) return null;
  return (
    <>
      {state.confirmWithinS > 0 && <ConfirmBanner seconds={state.confirmWithinS} version={String(state.running?.version ?? 0n)} />}
      {state.running && <UndoneBanner key={String(state.running.version)} version={state.running} />}
      {state.unsavedChanges && !state.authoritative && (
        <div class="banner warn" role="status">
          <Icon name="warning" />
          <p>
            {t("unsaved.banner")} <Link to="/history?from=saved&to=running">{t("unsaved.diff")}</Link>
          </p>
        </div>
      )}
    </>
  );
}

// A change that undoes itself unless somebody says that it may stay.
function ConfirmBanner({ seconds, version }: { seconds: number; version: string }) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const end = Date.now() + seconds * 1000;
    setLeft(seconds);
    const timer = setInterval(() => setLeft(Math.max(0, Math.round((end - Date.now()) / 1000))), 500);
    return () => clearInterval(timer);
  }, [seconds, version]);
  const keep = () => void perform("confirm", () => api.configuration.confirmConfig({}), t("confirmation.kept"));
  return (
    <div class="banner warn" role="alert">
      <Icon name="history" />
      {/* A timer: screen readers tell it once, not with each second. */}
      <p role="timer">{t("confirmation.banner", { n: left })}</p>
      <Button kind="primary" action="confirm" needs={Role.ADMIN} onClick={keep}>
        {t("confirmation.keep")}
      </Button>
    </div>
  );
}

const UNDONE_MS = 3_600_000;

// Whoever was cut off, or looked away, learns for an hour that the change is gone.
function UndoneBanner({ version }: { version: Version }) {
  const [read, setRead] = useState(false);
  const at = fromUs(version.timeUs);
  if (read || !version.origin.startsWith("undo") || now.value - at > UNDONE_MS) return null;
  return (
    <div class="banner warn" role="alert">
      <Icon name="history" />
      <p>{t("confirmation.undone", { time: timeOnly(at), version: String(version.version) })}</p>
      <Button onClick={() => setRead(true)}>{t("action.close")}</Button>
    </div>
  );
}
