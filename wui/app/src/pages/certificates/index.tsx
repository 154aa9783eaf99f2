import { PageHeader, Tabs } from "../../components/page";
import { t } from "../../i18n";
import { place } from "../../router";
import { AnchorList } from "./anchors";
import { CertificateList } from "./list";

export default function CertificatesPage() {
  const path = place.value.path;
  const tabs = [
    { to: "/certificates", title: t("page.certificates") },
    { to: "/certificates/anchors", title: t("anchor.title") },
  ];
  return (
    <>
      <PageHeader title={t("page.certificates")} question={t("certificate.question")} />
      <Tabs label={t("page.certificates")} tabs={tabs} current={path} />
      {path === "/certificates/anchors" ? <AnchorList /> : <CertificateList />}
    </>
  );
}
