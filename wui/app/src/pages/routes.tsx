// Which page stands at which path. A page owns everything below its path.
import type { ComponentType } from "preact";
import type { IconName } from "../components/icon";
import type { PlainKey } from "../i18n";
import { lazy } from "../lazy";

export interface Route {
  path: string;
  title: PlainKey;
  icon: IconName;
  // On a phone always in reach.
  urgent?: boolean;
  page: ComponentType;
}

export const routes: Route[] = [
  { path: "/", title: "page.dashboard", icon: "dashboard", urgent: true, page: lazy(() => import("./dashboard")) },
  { path: "/network", title: "page.network", icon: "network", page: lazy(() => import("./network")) },
  { path: "/config", title: "page.config", icon: "config", urgent: true, page: lazy(() => import("./config")) },
  { path: "/services", title: "page.services", icon: "services", urgent: true, page: lazy(() => import("./services")) },
  { path: "/certificates", title: "page.certificates", icon: "certificate", page: lazy(() => import("./certificates")) },
  { path: "/logs", title: "page.logs", icon: "log", urgent: true, page: lazy(() => import("./logs")) },
  { path: "/history", title: "page.history", icon: "history", page: lazy(() => import("./history")) },
  { path: "/setup", title: "page.setup", icon: "setup", page: lazy(() => import("./setup")) },
];

export function routeOf(path: string): Route | undefined {
  if (path === "/sessions" || path === "/persistence") return routes[0];
  return routes.find((route) => path === route.path || (route.path !== "/" && path.startsWith(`${route.path}/`)));
}
