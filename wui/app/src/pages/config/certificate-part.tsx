// The certificates of an area: which ones it shows to clients, what they are, and a way to upload another.
import type { Message } from "@bufbuild/protobuf";
import { useState } from "preact/hooks";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Icon } from "../../components/icon";
import { exactTime } from "../../format";
import { readOnly, TextOf, useControl, useTheArea, type Control } from "../../forms/fields";
import { Part } from "../../forms/area-form";
import type { FieldKey, Place } from "../../forms/place";
import type { Certificate } from "../../gen/admin/v1/certificates_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";
import { Link } from "../../router";
import { Until } from "../certificates/list";
import { ImportDialog } from "../certificates/import-dialog";
import { stateOf, useCertificates } from "../certificates/store";

export function CertificatePart<M extends Message>({ place, name, required }: { place: Place<M>; name: FieldKey<M>; required?: boolean }) {
  const area = useTheArea();
  const control = useControl(place, { name, kind: "list", label: () => t("certificate.part") });
  const loaded = useCertificates();
  const [open, setOpen] = useState(false);
  const chosen = control.value.split(/[\s,]+/).filter(Boolean);
  const known = loaded.value ?? [];
  const missing = loaded.value ? chosen.filter((one) => !known.some((certificate) => certificate.name === one)) : [];
  const choose = (names: string[]) => control.onChange(names.join(" "));
  const toggle = (one: string, on: boolean) => choose(on ? [...chosen, one] : chosen.filter((other) => other !== one));
  // The newest choice, not that of when the dialog was opened.
  const imported = (one: string) => {
    loaded.reload();
    const now = (place.get(area.config.peek()!) as Record<string, unknown> | undefined)?.[name] as string[] | undefined;
    if (!now?.includes(one)) choose([...(now ?? []), one]);
  };
  return (
    <Part title={t("certificate.part")} note={t("certificate.partNote")}>
      <ul class="certificate-choice" id={control.id} data-path={control.path} aria-label={t("certificate.part")}>
        {known.map((certificate) => (
          <Entry key={certificate.name} certificate={certificate} control={control} on={chosen.includes(certificate.name)} onToggle={(on) => toggle(certificate.name, on)} />
        ))}
        {missing.map((one) => (
          <li key={one} class="chosen">
            <label class="check">
              <input type="checkbox" checked disabled={readOnly() !== undefined} onChange={() => toggle(one, false)} />
              <strong>{one}</strong>
            </label>
            <Badge tone="bad">{t("certificate.missing")}</Badge>
          </li>
        ))}
      </ul>
      {chosen.length === 0 && (
        <p class={`notice ${required ? "warn" : ""}`}>
          <Icon name={required ? "warning" : "info"} />
          <span>{required ? t("certificate.neededNow") : t("certificate.standIn")}</span>
        </p>
      )}
      {control.error && <TextOf control={control} />}
      <div class="actions">
        <Button icon="upload" needs={Role.ADMIN} onClick={() => setOpen(true)}>
          {t("certificate.upload")}
        </Button>
        <Link to="/certificates">{t("certificate.all")}</Link>
      </div>
      {open && <ImportDialog quiet taken={known.map((one) => one.name)} onClose={() => setOpen(false)} onDone={(change) => imported(change.certificate?.name ?? "")} />}
    </Part>
  );
}

function Entry({ certificate, control, on, onToggle }: { certificate: Certificate; control: Control; on: boolean; onToggle: (on: boolean) => void }) {
  const { tone, word } = stateOf(certificate);
  const reason = readOnly();
  return (
    <li class={on ? "chosen" : ""}>
      <label class="check">
        <input
          type="checkbox"
          checked={on}
          disabled={reason !== undefined}
          title={reason}
          aria-invalid={control.error ? "true" : undefined}
          aria-describedby={control.error ? `${control.id}-text` : undefined}
          onChange={(event) => onToggle(event.currentTarget.checked)}
        />
        <strong>{certificate.name}</strong>
      </label>
      <Badge tone={tone}>{word}</Badge>
      <dl class="certificate-facts">
        <div>
          <dt>{t("certificate.commonName")}</dt>
          <dd>{certificate.commonName || "–"}</dd>
        </div>
        <div>
          <dt>{t("certificate.from")}</dt>
          <dd>{exactTime(Number(certificate.notBeforeS) * 1000)}</dd>
        </div>
        <div>
          <dt>{t("certificate.until")}</dt>
          <dd>
            <Until seconds={certificate.notAfterS} />
          </dd>
        </div>
      </dl>
    </li>
  );
}
