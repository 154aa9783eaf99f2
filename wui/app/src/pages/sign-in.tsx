// Sign-in: name and password, then what else is missing: a code, or a new password in place of the first one.
import { Code } from "@connectrpc/connect";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api/clients";
import { sentence, toProblem, type Problem } from "../api/errors";
import { Button } from "../components/button";
import { TextField } from "../components/field";
import { Icon } from "../components/icon";
import { SignInResponse_Missing as Missing } from "../gen/admin/v1/users_pb";
import { asLanguage, chooseLanguage, language, languageNames, t, type Language } from "../i18n";
import { ended, firstSignIn, signedIn } from "../session";
import { Logo } from "../shell/logo";

// Of the supervisor; it says so as well.
const SHORTEST = 12;

type Step = "password" | "code" | "new";

export function SignInPage() {
  useEffect(() => {
    document.title = `${t("signIn.title")} · Aloha`;
  }, [language.value]);
  return (
    <main class="sign-in">
      <div class="sign-in-box">
        <Logo />
        <SignInForm />
      </div>
      <label class="sign-in-language">
        <Icon name="globe" />
        <span class="hidden">{t("user.language")}</span>
        <select value={language.value} onChange={(event) => chooseLanguage(asLanguage(event.currentTarget.value))}>
          {(Object.keys(languageNames) as Language[]).map((name) => (
            <option key={name} value={name} lang={name}>
              {languageNames[name]}
            </option>
          ))}
        </select>
      </label>
    </main>
  );
}

function SignInForm() {
  const [step, setStep] = useState<Step>("password");
  const [user, setUser] = useState(firstSignIn.value ? "admin" : "");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    const empty = [...form.current!.querySelectorAll("input")].find((input) => !input.value && !input.readOnly);
    (empty ?? form.current!.querySelector("input"))?.focus();
  }, [step]);

  const weak = step === "new" ? weakness(user, password, fresh, again) : undefined;

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (weak) {
      setProblem(weak);
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await api.users.signIn({ user: user.trim(), password, code: code.trim(), newPassword: step === "new" ? fresh : "" });
      if (answer.missing === Missing.NEW_PASSWORD) setStep("new");
      else if (answer.missing === Missing.CODE) setStep("code");
      else if (answer.caller) signedIn(answer.caller);
    } catch (error) {
      setProblem(explain(toProblem(error), step));
      if (step === "code") setCode("");
    } finally {
      setBusy(false);
    }
  };

  const back = () => {
    setStep("password");
    setPassword("");
    setCode("");
    setFresh("");
    setAgain("");
    setProblem(undefined);
  };

  return (
    <form ref={form} class="sign-in-form" onSubmit={(event) => void submit(event)} noValidate>
      <h1>{t(step === "new" ? "signIn.newTitle" : step === "code" ? "signIn.codeTitle" : "signIn.title")}</h1>
      {step === "password" && ended.value && <Notice text={t("signIn.ended")} />}
      {step === "password" && firstSignIn.value && <Notice text={t("signIn.first")} />}
      {step === "new" && <p class="quiet">{t("signIn.newText", { n: SHORTEST })}</p>}
      {step === "code" && <p class="quiet">{t("signIn.codeText")}</p>}
      {step === "password" ? (
        <>
          <TextField label={t("signIn.user")} name="username" autocomplete="username" value={user} onInput={setUser} />
          <TextField label={t("signIn.password")} name="password" type="password" autocomplete="current-password" value={password} onInput={setPassword} />
        </>
      ) : (
        // Password managers learn whose password it is.
        <input class="hidden" name="username" autocomplete="username" value={user} readOnly tabIndex={-1} aria-hidden="true" />
      )}
      {step === "code" && (
        <TextField label={t("signIn.code")} name="code" autocomplete="one-time-code" inputMode="numeric" maxLength={6} value={code} onInput={setCode} />
      )}
      {step === "new" && (
        <>
          <TextField label={t("signIn.new")} name="new-password" type="password" autocomplete="new-password" value={fresh} onInput={setFresh} help={strengthHint(fresh)} />
          <TextField label={t("signIn.again")} name="again" type="password" autocomplete="new-password" value={again} onInput={setAgain} />
        </>
      )}
      {problem && (
        <p class="notice bad" role="alert">
          <Icon name="cross" />
          <span>{problem}</span>
        </p>
      )}
      <Button kind="primary" submit class={busy ? "busy" : ""} disabledReason={busy ? t("signIn.busy") : undefined}>
        {t(step === "new" ? "signIn.setAndGo" : "signIn.go")}
      </Button>
      {step !== "password" && (
        <Button kind="quiet" onClick={back}>
          {t("signIn.back")}
        </Button>
      )}
    </form>
  );
}

function Notice({ text }: { text: string }) {
  return (
    <p class="notice" role="status">
      <Icon name="info" />
      <span>{text}</span>
    </p>
  );
}

function strengthHint(fresh: string): string {
  const missing = SHORTEST - [...fresh].length;
  return missing > 0 ? t("password.missing", { n: missing }) : t("password.longEnough");
}

function weakness(user: string, old: string, fresh: string, again: string): string | undefined {
  if ([...fresh].length < SHORTEST) return t("password.short", { n: SHORTEST });
  if (fresh === old || fresh.toLowerCase() === user.toLowerCase()) return t("password.same");
  if (fresh !== again) return t("password.differ");
  return undefined;
}

// Which of name, password and code is wrong is told to nobody.
function explain(problem: Problem, step: Step): string {
  const pause = /(\d+) s\b/.exec(problem.remedy)?.[1];
  switch (problem.code) {
    case Code.Unauthenticated:
      return t(step === "code" ? "signIn.wrongCode" : "signIn.wrong");
    case Code.ResourceExhausted:
      return pause ? t("signIn.throttledFor", { n: Number(pause) }) : t("signIn.throttled");
    default:
      return sentence(problem);
  }
}
