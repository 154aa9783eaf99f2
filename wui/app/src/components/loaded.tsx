import type { ComponentChildren } from "preact";
import { sentence } from "../api/errors";
import { t } from "../i18n";
import type { Loaded } from "../use-loaded";
import { Button } from "./button";
import { Icon } from "./icon";
import { Loading } from "./page";

// What was asked for, or that it is on its way, or why it is not there.
export function Show<T>({ loaded, children }: { loaded: Loaded<T>; children: (value: T) => ComponentChildren }) {
  const { value, problem, reload } = loaded;
  return (
    <>
      {problem && (
        <div class="notice bad load-problem" role="alert">
          <Icon name="cross" />
          <span>{sentence(problem)}</span>
          <Button icon="reload" onClick={reload}>
            {t("action.retry")}
          </Button>
        </div>
      )}
      {value !== undefined ? children(value) : !problem && <Loading />}
    </>
  );
}

export function RefreshButton({ loaded }: { loaded: Loaded<unknown> }) {
  return (
    <Button kind="quiet" icon="reload" class={loaded.loading ? "busy" : ""} onClick={loaded.reload}>
      {t("action.refresh")}
    </Button>
  );
}
