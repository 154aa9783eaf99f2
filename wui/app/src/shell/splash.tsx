import { t } from "../i18n";
import { Logo } from "./logo";

// Before the server has said who calls.
export function Splash() {
  return (
    <main class="splash" aria-busy="true">
      <Logo />
      <p class="quiet" role="status">
        {t("state.connecting")}
      </p>
    </main>
  );
}
