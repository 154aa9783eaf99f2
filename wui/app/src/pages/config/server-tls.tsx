import type { Message } from "@bufbuild/protobuf";
import { Part } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import type { Place } from "../../forms/place";
import type { FieldSpec } from "../../forms/spec";
import { t } from "../../i18n";
import { serverTlsFields } from "./models/servers";

// How servers prove that they are the right ones. `first`: fields before that.
export function ServerTlsPart<M extends Message>({ place, anchors, first = [], verify = true }: { place: Place<M>; anchors: string[]; first?: FieldSpec<M>[]; verify?: boolean }) {
  const specs = verify ? [...first, ...(serverTlsFields(anchors) as unknown as FieldSpec<M>[])] : first;
  return (
    <Part title={t("serverTls.title")} note={t("serverTls.note")}>
      <Fields place={place} specs={specs} />
    </Part>
  );
}
