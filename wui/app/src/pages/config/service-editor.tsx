// One virtual service. It is found by its name: numbers change when another is added or deleted elsewhere.
import { useEffect, useId, useMemo, useState } from "preact/hooks";
import { Button } from "../../components/button";
import { Icon } from "../../components/icon";
import { Empty } from "../../components/page";
import { adopt, AreaForm, More, Part, useArea } from "../../forms/area-form";
import { Choice, Fields, Line, useTheArea, type Control } from "../../forms/fields";
import { item, within } from "../../forms/place";
import { PlanDialog, type Proposal } from "../../forms/plan-dialog";
import { Rows } from "../../forms/rows";
import { perform } from "../../actions";
import { api } from "../../api/clients";
import { sentence } from "../../api/errors";
import { toast } from "../../components/toast";
import { copyOf } from "../../forms/draft";
import { isError } from "../../forms/area";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { go, Link } from "../../router";
import { useCertificates } from "../certificates/store";
import {
  checkFields,
  checkKind,
  checkKinds,
  hiddenParts,
  httpCheckFields,
  httpCheckPlace,
  listenerColumns,
  newService,
  persistenceFields,
  persistenceKind,
  serverColumns,
  serviceFields,
  serviceMore,
  servicePlace,
  setCheck,
  setListenerCertificates,
  setPersistence,
  tidyServices,
  type CheckKind,
  type PersistenceKind,
} from "./models/virtual-service";
import { profileOf } from "./models/http";

interface ServiceEditorProps {
  // Empty: a new one.
  name: string;
  // Path of the list.
  home: string;
  // Shows another one here.
  open: (name: string) => void;
}

export function ServiceEditor({ name, home, open }: ServiceEditorProps) {
  const area = useArea(["virtualService"], { tidy: tidyServices });
  const base = area.base.value?.config;
  const fresh = name === "";
  const index = useMemo(() => (base ? (fresh ? base.virtualService.length : base.virtualService.findIndex((one) => one.name === name)) : -1), [base]);
  useEffect(() => {
    if (fresh && base && !area.draft.peek()) area.edit("virtual_service", (config) => void config.virtualService.push(newService()));
  }, [base]);
  const own = index >= 0 ? area.config.value?.virtualService[index] : undefined;
  if (base && index < 0) {
    return (
      <Empty icon="question" title={t("vs.gone", { name })}>
        <Link to={home}>{t("vs.back")}</Link>
      </Empty>
    );
  }
  const done = () => {
    // Under its new name, if it has one.
    const now = area.config.peek()?.virtualService[index]?.name;
    if (now && now !== name) open(now);
  };
  return (
    <>
      <p>
        <Link to={home}>← {t("vs.back")}</Link>
      </p>
      <AreaForm area={area} title={fresh ? t("vs.add") : name} onApplied={done} tools={fresh ? undefined : <DeleteService index={index} name={name} home={home} />}>
        {own && <Body index={index} />}
      </AreaForm>
    </>
  );
}

function Body({ index }: { index: number }) {
  const area = useTheArea();
  const place = servicePlace(index);
  const own = place.get(area.config.value!)!;
  const hidden = hiddenParts(own);
  const set = [own.idleTimeout, own.connectTimeout, own.queueTimeout, own.retries, own.rootRedirect].some((one) => one !== undefined) || own.allowFrom.length > 0;
  return (
    <>
      <Fields place={place} specs={serviceFields} />
      <Part title={t("vs.listeners")}>
        <Rows parent={place} list="listener" columns={listenerColumns} title={(n) => t("vs.listener", { n: String(n) })} add={t("vs.addListener")} least={Math.max(1, own.listener.length)} />
        {own.listener.map((_, at) => (
          <ListenerTls key={at} index={index} at={at} />
        ))}
      </Part>
      <Part title={t("vs.servers")}>
        <Rows parent={place} list="server" columns={serverColumns} title={(n) => t("vs.server", { n: String(n) })} add={t("servers.add")} least={2} />
      </Part>
      <Part title={t("vs.persistence")}>
        <PersistenceChoice index={index} />
        {own.persistence && <Fields place={within(place, "persistence")} specs={persistenceFields} />}
      </Part>
      <Part title={t("vs.check")}>
        <CheckChoice index={index} />
        {checkKind(own) === "http" && <Fields place={httpCheckPlace(index)} specs={httpCheckFields} />}
        {own.healthCheck && <Fields place={within(place, "healthCheck")} specs={checkFields} />}
      </Part>
      <More title={t("form.more")} open={set}>
        <Fields place={place} specs={serviceMore} />
      </More>
      {hidden.length > 0 && (
        <p class="notice">
          <Icon name="info" />
          <span>
            {t("vs.hidden", { parts: hidden.join(", ") })} <Link to="/config/text">{t("vs.asText")}</Link>
          </span>
        </p>
      )}
    </>
  );
}

// A choice that is more than one field.
function useChoice(path: string, value: string, onChange: (text: string) => void): Control {
  return { id: useId(), path, value, error: useTheArea().errorAt(path), placeholder: "", onChange };
}

function PersistenceChoice({ index }: { index: number }) {
  const area = useTheArea();
  const place = servicePlace(index);
  const path = `${place.path}.persistence`;
  const control = useChoice(path, persistenceKind(place.get(area.config.value!)), (kind) =>
    area.edit(path, (config) => setPersistence(place.make(config), kind as PersistenceKind)),
  );
  const options = [
    { value: "", label: t("vs.noPersistence") },
    { value: "cookie", label: t("vs.cookie") },
    { value: "sourceAddress", label: t("vs.sourceAddress") },
    { value: "authorizationHeader", label: t("vs.authorizationHeader") },
  ];
  return (
    <Line control={control} label={t("vs.persistenceBy")} text={t("vs.persistenceHelp")}>
      <Choice control={control} options={options} />
    </Line>
  );
}

function CheckChoice({ index }: { index: number }) {
  const area = useTheArea();
  const place = servicePlace(index);
  const path = `${place.path}.health_check`;
  const control = useChoice(path, checkKind(place.get(area.config.value!)), (kind) => area.edit(path, (config) => setCheck(place.make(config), kind as CheckKind)));
  const words: Record<string, string> = { tcp: t("vs.checkTcp"), http: "HTTP", imap: "IMAP", pop3: "POP3", smtp: "SMTP", endpointMapper: t("vs.checkMapper") };
  const options = [{ value: "", label: t("vs.noCheck") }, ...checkKinds.map((kind) => ({ value: kind, label: words[kind]! }))];
  return (
    <Line control={control} label={t("vs.checkKind")} text={t("vs.checkHelp")}>
      <Choice control={control} options={options} />
    </Line>
  );
}

function ListenerTls({ index, at }: { index: number; at: number }) {
  const area = useTheArea();
  const certificates = useCertificates().value ?? [];
  const service = servicePlace(index);
  const listener = service.get(area.config.value!)!.listener[at]!;
  const path = `${service.path}.listener[${at}].tls.certificate`;
  const chosen = listener.tls?.certificate ?? [];
  const control = useChoice(path, chosen[0] ?? "", (name) =>
    area.edit(path, (config) => setListenerCertificates(service.make(config).listener[at]!, name ? [name, ...chosen.slice(1)] : [])),
  );
  const names = [...new Set([...certificates.map((one) => one.name), ...chosen])];
  const options = [{ value: "", label: t("vs.noTls") }, ...names.map((name) => ({ value: name, label: name }))];
  return (
    <>
      <Line control={control} label={t("vs.listenerTls", { n: String(at + 1) })} text={chosen.length > 1 ? t("vs.moreCertificates", { names: chosen.slice(1).join(", ") }) : undefined}>
        <Choice control={control} options={options} />
      </Line>
      {listener.tls && <ListenerProfile index={index} at={at} />}
    </>
  );
}

function ListenerProfile({ index, at }: { index: number; at: number }) {
  const listener = listenerPlace(index, at);
  return <Fields place={within(listener, "tls")} specs={[profileOf("profile")]} />;
}

const listenerPlace = (index: number, at: number) => item(servicePlace(index), "listener", at);

// Traffic of the service stops: its name is typed first.
function DeleteService({ index, name, home }: { index: number; name: string; home: string }) {
  const area = useTheArea();
  const [proposal, setProposal] = useState<Proposal | undefined>(undefined);
  const plan = async () => {
    const base = area.base.peek()!;
    const config = copyOf(base.config);
    config.virtualService.splice(index, 1);
    const source = { source: { case: "config" as const, value: config } };
    const answer = await perform("plan", () => api.configuration.planConfig({ source }));
    if (!answer) return;
    const errors = answer.findings.filter(isError);
    if (errors.length) toast("bad", errors.map((one) => `${one.path}: ${one.message}`).join("; "));
    else setProposal({ source, version: base.version, steps: answer.steps, warnings: answer.findings, typed: name });
  };
  const applied = async () => {
    setProposal(undefined);
    await adopt(area);
    void go(home);
  };
  return (
    <>
      <Button icon="trash" needs={Role.ADMIN} action="plan" onClick={() => void plan()}>
        {t("vs.delete")}
      </Button>
      {proposal && (
        <PlanDialog
          proposal={proposal}
          onClose={() => setProposal(undefined)}
          onApplied={() => void applied()}
          onRefused={(why) => {
            setProposal(undefined);
            toast("bad", sentence(why));
          }}
          onBusy={(busy) => (area.busy = busy)}
        />
      )}
    </>
  );
}
