// IMAP, POP3 and SMTP: options that change with the mode, certificates, for SMTP the HUB servers.
import { AreaForm, More, Part, useArea } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import { root, within, type Place } from "../../forms/place";
import type { SmtpArea } from "../../gen/config/v1/exchange_pb";
import type { Config } from "../../gen/config/v1/config_pb";
import { t } from "../../i18n";
import { useTrustAnchors } from "../certificates/store";
import { AreaState } from "./area-state";
import { CertificatePart } from "./certificate-part";
import {
  isBridge,
  isEnabled,
  mailMode,
  mailMore,
  mailOptions,
  modeOf,
  names,
  needsCertificate,
  smtpMore,
  smtpServerEncrypted,
  smtpServerMode,
  usesSmtpServerTls,
  type AnyMail,
  type Protocol,
} from "./models/mail";
import { tidyServers } from "./models/servers";
import { ServerTlsPart } from "./server-tls";
import { ServerRows } from "./servers";

export const ImapTab = () => <MailTab key="imap" protocol="imap" />;
export const Pop3Tab = () => <MailTab key="pop3" protocol="pop3" />;
export const SmtpTab = () => <MailTab key="smtp" protocol="smtp" />;

const smtpPlace = within(root, "smtp");
const places: Record<Protocol, Place<AnyMail>> = { imap: within(root, "imap"), pop3: within(root, "pop3"), smtp: smtpPlace };

function MailTab({ protocol }: { protocol: Protocol }) {
  const smtp = protocol === "smtp";
  const area = useArea(smtp ? ["smtp", "hubServer"] : [protocol], smtp ? { tidy: (config) => tidyServers(config, "hubServer") } : {});
  const config = area.config.value;
  const own = config?.[protocol];
  const { word } = names[protocol];
  const place = places[protocol];
  return (
    <AreaForm area={area} title={t("mail.title", { protocol: word })} state={<AreaState name={protocol} />}>
      <Fields place={place} specs={[mailMode(protocol)]} />
      {isEnabled(own) && (
        <>
          {smtp && (
            <Part title={t("servers.hubTitle")} note={t("servers.hubNote")}>
              <ServerRows list="hubServer" />
            </Part>
          )}
          <Part title={t("form.options")}>
            <Fields place={place} specs={mailOptions(protocol)} />
          </Part>
          {needsCertificate(own) && <CertificatePart place={place} name="certificate" required={!modeOf(own).ends} />}
          <Encryption protocol={protocol} config={config!} />
          <More title={t("form.more")} open={Boolean(own?.starttls || own?.allowFrom.length)}>
            <Fields place={place} specs={mailMore()} />
            {smtp && <Fields place={smtpPlace} specs={smtpMore} />}
          </More>
        </>
      )}
    </AreaForm>
  );
}

// Towards the servers.
function Encryption({ protocol, config }: { protocol: Protocol; config: Config }) {
  const anchors = (useTrustAnchors().value ?? []).map((one) => one.name);
  if (protocol === "smtp") {
    const own: SmtpArea | undefined = config.smtp;
    if (!usesSmtpServerTls(own)) return null;
    return <ServerTlsPart place={within(smtpPlace, "serverTls")} anchors={anchors} first={[smtpServerMode(own)]} verify={smtpServerEncrypted(own)} />;
  }
  if (!isBridge(config[protocol])) return null;
  return <ServerTlsPart place={within(within(root, protocol), "serverTls")} anchors={anchors} />;
}
