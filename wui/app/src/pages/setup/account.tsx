// The reader's own password and second factor.
import { useState } from "preact/hooks";
import { attempt, inWords } from "../../actions";
import { api } from "../../api/clients";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { TextField } from "../../components/field";
import { Icon } from "../../components/icon";
import { Empty, Panel } from "../../components/page";
import { QrCode } from "../../components/qr-code";
import { copyText } from "../../components/table";
import { toast } from "../../components/toast";
import type { SecondFactorSecret } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { askCaller, caller } from "../../session";

export function AccountTab() {
  if (!caller.value?.account) {
    return (
      <Panel title={t("setup.account")}>
        <Empty icon="user" title={t("account.none")}>
          {t("account.noneNext")}
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <Password />
      <SecondFactor />
    </>
  );
}

// Password managers learn whose password it is.
function Whose() {
  return <input class="hidden" name="username" autocomplete="username" value={caller.value?.name} readOnly tabIndex={-1} aria-hidden="true" />;
}

function Password() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState("");
  const differ = again !== "" && fresh !== again ? t("password.differ") : undefined;
  const ready = old !== "" && fresh !== "" && fresh === again;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!ready) return;
    const done = await attempt("own password", () => api.users.setPassword({ oldPassword: old, newPassword: fresh }), inWords(setProblem));
    if (!done) return;
    for (const clear of [setOld, setFresh, setAgain]) clear("");
    toast("ok", t("password.changed"));
  };
  return (
    <Panel title={t("password.title")} note={t("password.note")}>
      <form class="form" onSubmit={(event) => void submit(event)} noValidate>
        <Whose />
        <TextField label={t("password.old")} type="password" autocomplete="current-password" value={old} onInput={setOld} />
        <TextField label={t("password.new")} type="password" autocomplete="new-password" value={fresh} onInput={setFresh} error={problem || undefined} help={t("password.rule")} />
        <TextField label={t("password.again")} type="password" autocomplete="new-password" value={again} onInput={setAgain} error={differ} />
        <div class="form-actions">
          <Button kind="primary" icon="check" submit disabledReason={ready ? undefined : t("password.fillAll")}>
            {t("action.update")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function SecondFactor() {
  const on = caller.value?.secondFactor ?? false;
  const [secret, setSecret] = useState<SecondFactorSecret | undefined>(undefined);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState("");
  const begin = async () => {
    const done = await attempt("factor", async () => setSecret(await api.users.beginSecondFactor({ password })), inWords(setProblem));
    if (done) setPassword("");
  };
  const finish = async () => {
    if (!(await attempt("factor", () => api.users.confirmSecondFactor({ code: code.trim() }), inWords(setProblem)))) return;
    setSecret(undefined);
    setCode("");
    toast("ok", t("factor.on"));
    await askCaller();
  };
  const remove = async () => {
    if (!(await attempt("factor", () => api.users.removeSecondFactor({ password }), inWords(setProblem)))) return;
    setPassword("");
    toast("ok", t("factor.off"));
    await askCaller();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void (secret ? finish() : on ? remove() : begin());
  };
  return (
    <Panel title={t("factor.title")} note={t("factor.note")}>
      <form id="second-factor" class="form" onSubmit={submit} noValidate>
        <Whose />
        <p>
          <Badge tone={on ? "ok" : "idle"}>{t(on ? "factor.isOn" : "factor.isOff")}</Badge>
        </p>
        {secret ? (
          <>
            <p>{t("factor.scan")}</p>
            <QrCode text={secret.url} label={t("factor.picture")} />
            <p class="secret">
              <code>{secret.secret.replace(/(.{4})/g, "$1 ").trim()}</code>
              <Button kind="quiet" icon="copy" onClick={() => void copyText(secret.secret)}>
                {t("table.copy")}
              </Button>
              <a href={secret.url}>{t("factor.open")}</a>
            </p>
            <TextField label={t("signIn.code")} inputMode="numeric" autocomplete="one-time-code" maxLength={6} value={code} onInput={setCode} error={problem || undefined} />
          </>
        ) : (
          <TextField label={t("password.own")} type="password" autocomplete="current-password" value={password} onInput={setPassword} error={problem || undefined} />
        )}
        <div class="form-actions">
          <Button kind={on && !secret ? "plain" : "primary"} icon="lock" submit disabledReason={(secret ? code : password) ? undefined : t("password.fillAll")}>
            {t(secret ? "factor.confirm" : on ? "factor.remove" : "factor.begin")}
          </Button>
          {secret && <Button onClick={() => setSecret(undefined)}>{t("action.cancel")}</Button>}
        </div>
      </form>
      {!on && !secret && (
        <p class="panel-note quiet small bottom">
          <Icon name="info" /> {t("factor.lost")}
        </p>
      )}
    </Panel>
  );
}


