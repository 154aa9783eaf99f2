import { AreaForm, Part, useArea } from "../../forms/area-form";
import { Fields } from "../../forms/fields";
import { isShown } from "../../forms/spec";
import { t } from "../../i18n";
import { AreaState } from "./area-state";
import { rpcMode, rpcOptions, rpcPlace } from "./models/servers";

export function RpcTab() {
  const area = useArea(["rpc"]);
  const config = area.config.value;
  return (
    <AreaForm area={area} title={t("rpc.title")} state={<AreaState name="rpc" />}>
      <Fields place={rpcPlace} specs={[rpcMode]} />
      {config && rpcOptions.some((spec) => isShown(spec, rpcPlace, config)) && (
        <Part title={t("form.options")}>
          <Fields place={rpcPlace} specs={rpcOptions} />
        </Part>
      )}
    </AreaForm>
  );
}
