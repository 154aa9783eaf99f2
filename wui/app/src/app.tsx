import { Questions } from "./components/dialog";
import { Empty } from "./components/page";
import { Toasts } from "./components/toast";
import { Tooltip } from "./components/tooltip";
import { t } from "./i18n";
import { SignInPage } from "./pages/sign-in";
import { routeOf } from "./pages/routes";
import { Link, place } from "./router";
import { caller } from "./session";
import { Boundary } from "./shell/boundary";
import { Shell } from "./shell/shell";
import { Splash } from "./shell/splash";

export function App() {
  return (
    <>
      <Content />
      <Questions />
      <Tooltip />
      <Toasts />
    </>
  );
}

function Content() {
  if (caller.value === undefined) return <Splash />;
  if (caller.value === null) return <SignInPage />;
  const route = routeOf(place.value.path);
  return <Shell current={route}>{route ? <Boundary key={route.path}><route.page /></Boundary> : <NotFound />}</Shell>;
}

function NotFound() {
  return (
    <Empty icon="question" title={t("notFound.title")}>
      <Link to="/">{t("notFound.back")}</Link>
    </Empty>
  );
}
