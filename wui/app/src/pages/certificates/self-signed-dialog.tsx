import { useState } from "preact/hooks";
import { attempt, inWords } from "../../actions";
import { api } from "../../api/clients";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { SelectField, TextField } from "../../components/field";
import { Icon } from "../../components/icon";
import { toast } from "../../components/toast";
import { CreateSelfSignedCertificateRequest_KeyType as KeyType } from "../../gen/admin/v1/certificates_pb";
import { Role } from "../../gen/admin/v1/users_pb";
import { t } from "../../i18n";

const keyTypes = [
  { value: "1", label: "ECDSA P-256" },
  { value: "4", label: "ECDSA P-384" },
  { value: "2", label: "RSA 2048" },
  { value: "3", label: "RSA 3072" },
];

export function SelfSignedDialog({ taken, onClose, onDone }: { taken: string[]; onClose: () => void; onDone?: () => void }) {
  const [name, setName] = useState("");
  const [commonName, setCommonName] = useState("");
  const [names, setNames] = useState("");
  const [keyType, setKeyType] = useState("1");
  const [days, setDays] = useState("");
  const [failed, setFailed] = useState("");
  const [wrong, setWrong] = useState<{ name?: string; commonName?: string; days?: string }>({});
  const make = async () => {
    const missing = {
      ...(name.trim() === "" && { name: t("import.nameMissing") }),
      ...(commonName.trim() === "" && { commonName: t("selfSigned.commonNameMissing") }),
      ...(!/^\d*$/.test(days.trim()) && { days: t("form.notNumber") }),
    };
    setWrong(missing);
    if (Object.keys(missing).length > 0) return;
    const certificate = {
      name: name.trim(),
      commonName: commonName.trim(),
      names: names.split(/[\s,;]+/).filter(Boolean),
      keyType: Number(keyType) as KeyType,
      days: Number(days.trim() || 0),
    };
    if (!(await attempt("selfSigned", () => api.certificates.createSelfSignedCertificate(certificate), inWords(setFailed)))) return;
    toast("ok", t("selfSigned.done", { name: certificate.name }));
    onDone?.();
    onClose();
  };
  return (
    <Dialog
      title={t("selfSigned.title")}
      onClose={onClose}
      onSubmit={() => void make()}
      actions={
        <>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="primary" submit action="selfSigned" needs={Role.ADMIN}>
            {t("selfSigned.action")}
          </Button>
        </>
      }
    >
      {failed && (
        <p class="notice bad" role="alert">
          <Icon name="cross" />
          <span>{failed}</span>
        </p>
      )}
      <TextField label={t("field.name")} help={taken.includes(name.trim()) ? t("import.replaces", { name: name.trim() }) : t("import.nameHelp")} error={wrong.name} value={name} onInput={setName} maxLength={63} autofocus />
      <TextField label={t("certificate.commonName")} help={t("selfSigned.commonNameHelp")} error={wrong.commonName} value={commonName} onInput={setCommonName} />
      <TextField label={t("selfSigned.names")} help={t("selfSigned.namesHelp")} value={names} onInput={setNames} />
      <SelectField label={t("certificate.keyType")} value={keyType} options={keyTypes} onChange={setKeyType} />
      <TextField label={t("selfSigned.days")} help={t("form.default", { value: "825" })} error={wrong.days} value={days} onInput={setDays} inputMode="numeric" />
    </Dialog>
  );
}
