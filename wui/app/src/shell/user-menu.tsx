import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Button } from "../components/button";
import { Icon } from "../components/icon";
import { asLanguage, chooseLanguage, chosenLanguage, languageNames, machineLanguage, t, type Language } from "../i18n";
import { Link } from "../router";
import { caller, role, roleName, signOut } from "../session";
import { chooseTheme, chosenTheme, type Theme } from "../theme";

export function UserMenu() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event) => !box.current?.contains(event.target as Node) && setOpen(false);
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      box.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div class="user-menu" ref={box}>
      <Button kind="quiet" icon="user" expanded={open} title={t("user.menu")} onClick={() => setOpen(!open)}>
        <span class="user-name">{caller.value?.name}</span>
      </Button>
      {open && <Panel close={() => setOpen(false)} />}
    </div>
  );
}

function Panel({ close }: { close: () => void }) {
  const id = useId();
  const account = caller.value?.account;
  return (
    <div class="user-panel" role="group" aria-label={t("user.menu")} onClick={(event) => (event.target as Element).closest("a") && close()}>
      <p class="user-who">
        <strong>{caller.value?.name}</strong>
        <span class="quiet">{roleName(role.value)}</span>
      </p>
      <div class="user-choice">
        <label for={`${id}-language`}>{t("user.language")}</label>
        <select id={`${id}-language`} value={chosenLanguage.value} onChange={(event) => chooseLanguage(asLanguage(event.currentTarget.value))}>
          <option value="">{t("user.asMachine", { name: languageNames[machineLanguage.value || "en"] })}</option>
          {(Object.keys(languageNames) as Language[]).map((name) => (
            <option key={name} value={name} lang={name}>
              {languageNames[name]}
            </option>
          ))}
        </select>
      </div>
      <div class="user-choice">
        <label for={`${id}-theme`}>{t("user.theme")}</label>
        <select id={`${id}-theme`} value={chosenTheme.value} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
          <option value="">{t("user.themeSystem")}</option>
          <option value="light">{t("user.themeLight")}</option>
          <option value="dark">{t("user.themeDark")}</option>
        </select>
      </div>
      {account && (
        <>
          <Link to="/setup/account" class="menu-entry">
            <Icon name="key" /> {t("user.password")}
          </Link>
          <Link to="/setup/account#second-factor" class="menu-entry">
            <Icon name="lock" /> {t("user.secondFactor")}
          </Link>
        </>
      )}
      <Button icon="leave" onClick={() => void signOut()}>
        {t("user.signOut")}
      </Button>
    </div>
  );
}
