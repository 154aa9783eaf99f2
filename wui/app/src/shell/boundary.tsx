import { Component, type ComponentChildren } from "preact";
import { Button } from "../components/button";
import { Empty } from "../components/page";
import { t } from "../i18n";

// A page that fails takes nothing else with it.
export class Boundary extends Component<{ children: ComponentChildren }, { failure?: string }> {
  override state: { failure?: string } = {};

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ failure: error instanceof Error ? error.message : String(error) });
  }

  override render() {
    if (this.state.failure === undefined) return this.props.children;
    return (
      <>
        <h1>{t("failure.title")}</h1>
        <Empty icon="warning" title={t("failure.text")}>
          <p class="mono">{this.state.failure}</p>
          <Button icon="reload" onClick={() => window.location.reload()}>
            {t("failure.reload")}
          </Button>
        </Empty>
      </>
    );
  }
}
