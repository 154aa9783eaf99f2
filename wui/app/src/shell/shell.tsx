// What surrounds every page: the rail (on a phone the bar below), the bar above, banners.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../components/icon";
import { guide } from "../guide";
import { t } from "../i18n";
import { connection } from "../live/store";
import { routes, type Route } from "../pages/routes";
import { Link, place } from "../router";
import { Banners } from "./banners";
import { Logo } from "./logo";
import { TopBar } from "./top-bar";

export function Shell({ current, children }: { current: Route | undefined; children: ComponentChildren }) {
  const skip = (event: Event) => {
    event.preventDefault();
    document.getElementById("content")?.focus();
  };
  return (
    <div class={`shell ${connection.value === "lost" ? "stale" : ""}`}>
      <a class="skip" href="#content" onClick={skip}>
        {t("shell.skip")}
      </a>
      <nav class="rail" aria-label={t("shell.pages")}>
        <Link to="/" class="home" label={t("page.dashboard")}>
          <Logo />
        </Link>
        {routes.map((route) => (
          <Entry key={route.path} route={route} current={current} />
        ))}
        <Help />
      </nav>
      <TopBar />
      <main id="content" class="content" tabIndex={-1}>
        <Banners />
        <div class="page">{children}</div>
      </main>
      <BottomBar current={current} />
    </div>
  );
}

function Entry({ route, current }: { route: Route; current: Route | undefined }) {
  return (
    <Link to={route.path} class="entry" current={route === current}>
      <Icon name={route.icon} />
      <span>{t(route.title)}</span>
    </Link>
  );
}

function Help() {
  return (
    <a class="entry help" href={guide} hreflang="en" target="_blank" rel="noopener">
      <Icon name="question" />
      <span>{t("help.guide")}</span>
    </a>
  );
}

// A phone has room for four; the others come by "more".
function BottomBar({ current }: { current: Route | undefined }) {
  const [openAt, setOpenAt] = useState<string | undefined>(undefined);
  const open = openAt === place.value.path;
  const first = routes.filter((route) => route.urgent);
  const others = routes.filter((route) => !route.urgent);
  const among = current && !current.urgent;
  return (
    <nav class="bottom-bar" aria-label={t("shell.pages")}>
      {open && (
        <div class="more">
          {others.map((route) => (
            <Entry key={route.path} route={route} current={current} />
          ))}
          <Help />
        </div>
      )}
      {first.map((route) => (
        <Entry key={route.path} route={route} current={current} />
      ))}
      <button
        type="button"
        class={`entry ${among ? "among" : ""}`}
        aria-expanded={open}
        onClick={() => setOpenAt(open ? undefined : place.value.path)}
      >
        <Icon name="menu" />
        <span>{t("shell.more")}</span>
      </button>
    </nav>
  );
}
