// The guide's HTTP(S) area: options that change with the mode, certificates, and a switch per directory.
import { create } from "@bufbuild/protobuf";
import { AreaForm, More, Part, useArea } from "../../forms/area-form";
import { ControlOf, Fields, TextOf, useControl, useTheArea } from "../../forms/fields";
import { item, within } from "../../forms/place";
import type { FieldSpec } from "../../forms/spec";
import { HttpDirectorySchema, type HttpDirectory } from "../../gen/config/v1/exchange_pb";
import type { Config } from "../../gen/config/v1/config_pb";
import { isEmpty } from "../../forms/draft";
import { t } from "../../i18n";
import { useTrustAnchors } from "../certificates/store";
import { AreaState } from "./area-state";
import { CertificatePart } from "./certificate-part";
import { directories, directorySwitch, endsTls, httpMode, httpMore, httpOptions, httpPlace, usesServerTls } from "./models/http";
import { ServerTlsPart } from "./server-tls";

export function HttpTab() {
  const area = useArea(["http"], { tidy: tidyDirectories });
  const anchors = useTrustAnchors();
  const config = area.config.value;
  const http = config?.http;
  const set = http && (http.tlsProfile !== undefined || http.hsts !== undefined || http.extraPath.length > 0 || http.requestIdHeader !== undefined);
  return (
    <AreaForm area={area} title={t("http.title")} state={<AreaState name="http" />}>
      <Fields place={httpPlace} specs={[httpMode]} />
      {config && (
        <>
          <OptionsPart />
          {usesServerTls(http) && <ServerTlsPart place={within(httpPlace, "serverTls")} anchors={(anchors.value ?? []).map((one) => one.name)} />}
          {endsTls(http) && (
            <>
              <CertificatePart place={httpPlace} name="certificate" />
              <Directories />
              <More title={t("form.more")} open={set ?? false}>
                <Fields place={httpPlace} specs={httpMore} />
              </More>
            </>
          )}
        </>
      )}
    </AreaForm>
  );
}

function OptionsPart() {
  const config = useTheArea().config.value!;
  if (!httpOptions.some((spec) => spec.shown?.({ own: config.http, config }))) return null;
  return (
    <Part title={t("form.options")}>
      <Fields place={httpPlace} specs={httpOptions} />
    </Part>
  );
}

function Directories() {
  return (
    <Part title={t("directory.title")} note={t("directory.note")}>
      <div class="directories">
        {directories.map((directory) => (
          <DirectoryRow key={directory.field} directory={directory} />
        ))}
      </div>
    </Part>
  );
}

const columns: FieldSpec<HttpDirectory>[] = [
  { name: "timeout", kind: "duration", label: () => t("field.timeout"), fallback: () => "" },
  { name: "allowFrom", kind: "list", label: () => t("field.allowFrom"), fallback: () => t("field.everybody") },
];

function DirectoryRow({ directory }: { directory: (typeof directories)[number] }) {
  const spec = directorySwitch(directory);
  const area = useTheArea();
  const config = area.config.value!;
  const control = useControl(httpPlace, spec);
  const list = config.http?.directory ?? [];
  const found = list.findIndex((one) => one.name === directory.name);
  return (
    <div class="directory">
      <span class="directory-name">
        <label for={control.id}>{spec.label()}</label> <code class="quiet">{directory.path}</code>
      </span>
      <ControlOf spec={spec} control={control} fallback={spec.fallback!({ own: config.http, config })} options={[]} />
      {control.error && <TextOf control={control} />}
      {columns.map((column) => (
        <DirectoryCell key={column.name} name={directory.name} index={found} count={list.length} label={spec.label()} column={column} />
      ))}
    </div>
  );
}

interface CellProps {
  name: HttpDirectory["name"] & number;
  // -1: nothing is said of this directory yet.
  index: number;
  count: number;
  label: string;
  column: FieldSpec<HttpDirectory>;
}

function DirectoryCell({ name, index, count, label, column }: CellProps) {
  const area = useTheArea();
  const place = item(httpPlace, "directory", index < 0 ? count : index);
  // The first word about a directory makes its entry; while there is none, the field is that of an entry to come.
  const control = useControl(place, column);
  const shown = index < 0 ? { ...control, path: `${control.path}:${name}`, value: "", error: undefined } : control;
  const change = (text: string) => {
    if (index < 0) area.edit(control.path, (config) => void httpPlace.make(config).directory.push(create(HttpDirectorySchema, { name })));
    control.onChange(text);
  };
  return (
    <div class={`form-cell ${shown.error ? "invalid" : ""}`}>
      <label class="form-cell-label" for={control.id}>
        {column.label()}
      </label>
      <ControlOf spec={column} control={{ ...shown, onChange: change }} fallback={column.fallback?.({ own: undefined, config: area.config.value! })} options={[]} label={`${label}: ${column.label()}`} />
      {shown.error && <TextOf control={shown} />}
    </div>
  );
}

// An entry that says nothing but the name says nothing.
function tidyDirectories(config: Config): void {
  if (config.http) config.http.directory = config.http.directory.filter((one) => !isEmpty({ ...one, name: undefined }));
}
