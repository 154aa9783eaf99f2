// Everything that is known of one certificate.
import { api } from "../../api/clients";
import { Badge } from "../../components/badge";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Facts, Loading } from "../../components/page";
import { copyText } from "../../components/table";
import { exactTime } from "../../format";
import type { Certificate } from "../../gen/admin/v1/certificates_pb";
import { t } from "../../i18n";
import { useLoaded } from "../../use-loaded";
import { stateOf } from "./store";

export function DetailsDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { value, problem } = useLoaded(() => api.certificates.getCertificate({ name }), [name]);
  return (
    <Dialog
      title={name}
      wide
      onClose={onClose}
      actions={
        value?.pem ? (
          <Button icon="copy" onClick={() => void copyText(value.pem)}>
            {t("certificate.copyPem")}
          </Button>
        ) : undefined
      }
    >
      {value ? <CertificateFacts certificate={value} /> : problem ? <p role="alert">{problem.message}</p> : <Loading />}
    </Dialog>
  );
}

function CertificateFacts({ certificate }: { certificate: Certificate }) {
  const { tone, word } = stateOf(certificate);
  const { file, problem, ocspUntilS } = certificate;
  return (
    <Facts
      facts={[
        [t("certificate.status"), <Badge tone={tone}>{word}</Badge>],
        [t("certificate.commonName"), certificate.commonName],
        [t("certificate.names"), certificate.names.join(", ") || "–"],
        [t("certificate.issuer"), certificate.issuer],
        [t("certificate.from"), exactTime(Number(certificate.notBeforeS) * 1000)],
        [t("certificate.until"), exactTime(Number(certificate.notAfterS) * 1000)],
        [t("certificate.keyType"), certificate.keyType],
        [t("certificate.chain"), t("certificate.chainLength", { n: certificate.chainLength })],
        [t("certificate.serial"), <span class="mono">{certificate.serial}</span>],
        [t("certificate.fingerprint"), <span class="mono">{certificate.fingerprint}</span>],
        [t("certificate.usedBy"), certificate.usedBy.join(", ") || t("certificate.unused")],
        ...(ocspUntilS > 0n ? ([[t("certificate.ocsp"), exactTime(Number(ocspUntilS) * 1000)]] as [string, string][]) : []),
        ...(file ? ([[t("certificate.file"), file]] as [string, string][]) : []),
        ...(problem ? ([[t("certificate.problem"), problem]] as [string, string][]) : []),
      ]}
    />
  );
}
