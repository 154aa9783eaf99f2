// The certificates and trust anchors of this machine, asked for once and again when one changes.
import { useEffect } from "preact/hooks";
import { api } from "../../api/clients";
import { allPages } from "../../api/paging";
import type { Tone } from "../../components/badge";
import { Certificate_State, type Certificate, type TrustAnchor } from "../../gen/admin/v1/certificates_pb";
import { t } from "../../i18n";
import { events } from "../../live/store";
import { useLoaded, type Loaded } from "../../use-loaded";

export function useCertificates(): Loaded<Certificate[]> {
  return useReloaded(useLoaded(() => allPages((page) => api.certificates.listCertificates(page), (page) => page.certificates)));
}

export function useTrustAnchors(): Loaded<TrustAnchor[]> {
  return useReloaded(useLoaded(() => allPages((page) => api.trustAnchors.listTrustAnchors(page), (page) => page.trustAnchors)));
}

// Imported or deleted by somebody, here or elsewhere; or a new configuration names other ones.
function useReloaded<T>(loaded: Loaded<T>): Loaded<T> {
  const newest = events.value.find((event) => ["certificate", "trust anchor", "trust_anchor", "config"].includes(event.subject))?.id;
  useEffect(() => {
    if (newest !== undefined && loaded.value !== undefined) loaded.reload();
  }, [newest]);
  return loaded;
}

export function stateOf(certificate: Pick<Certificate, "state" | "problem">): { tone: Tone; word: string } {
  if (certificate.problem) return { tone: "bad", word: t("certificate.unusable") };
  switch (certificate.state) {
    case Certificate_State.VALID:
      return { tone: "ok", word: t("certificate.valid") };
    case Certificate_State.SELF_SIGNED:
      return { tone: "warn", word: t("certificate.selfSigned") };
    case Certificate_State.EXPIRED:
      return { tone: "bad", word: t("certificate.expired") };
    case Certificate_State.NOT_YET_VALID:
      return { tone: "bad", word: t("certificate.notYetValid") };
    case Certificate_State.NO_KEY:
      return { tone: "bad", word: t("certificate.noKey") };
    default:
      return { tone: "idle", word: t("certificate.unknown") };
  }
}

// A name that the configuration takes, out of a file's: "mail.example.org.pfx" is "mail.example.org".
export function nameOfFile(file: string): string {
  const name = file.replace(/\.(pfx|p12|pem|crt|cer|der|key)$/i, "").replace(/[^A-Za-z0-9._-]+/g, "-");
  return name.replace(/^[^A-Za-z0-9]+/, "").slice(0, 63);
}
