// Every page is accessible in both themes and both widths, fits a phone, and leaves its picture.
import { accessible, assert, check, enter, faults, goTo, picture, reader, run, sees } from "../support/spec.mjs";

const pages = [
  ["dashboard", "/"],
  ["sessions", "/sessions"],
  ["persistence", "/persistence"],
  ["network", "/network"],
  ["network-state", "/network/state"],
  ["network-nodes", "/network/nodes"],
  ["config", "/config"],
  ["config-http", "/config/http"],
  ["config-imap", "/config/imap"],
  ["config-rpc", "/config/rpc"],
  ["config-smtp", "/config/smtp"],
  ["config-virtual-services", "/config/virtual-services"],
  ["config-text", "/config/text"],
  ["services", "/services"],
  ["certificates", "/certificates"],
  ["logs", "/logs"],
  ["history", "/history"],
  ["diff", "/history?from=saved&to=running"],
  ["events", "/history/events"],
  ["setup", "/setup"],
  ["management", "/setup/management"],
  ["operation", "/setup/operation"],
  ["users", "/setup/users"],
  ["tokens", "/setup/tokens"],
  ["sign-ins", "/setup/sign-ins"],
  ["audit", "/setup/audit"],
  ["maintenance", "/setup/maintenance"],
  ["account", "/setup/account"],
];

const wide = { viewport: { width: 1280, height: 900 } };
const narrow = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const readers = [
  ["1280-en-light", { ...wide, locale: "en-GB", colorScheme: "light" }],
  ["1280-fr-dark", { ...wide, locale: "fr-FR", colorScheme: "dark" }],
  ["390-en-dark", { ...narrow, locale: "en-GB", colorScheme: "dark" }],
  ["390-fr-light", { ...narrow, locale: "fr-FR", colorScheme: "light" }],
];

async function open(page, path) {
  await goTo(page, path);
  await page.waitForFunction(() => !document.querySelector(".loading"));
}

async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(content <= window, `the page is ${content} pixels wide, the window ${window}`);
}

check("the sign-in page is accessible everywhere", async ({ browser }) => {
  const look = async ([name, options]) => {
    const page = await reader(browser, { ...options, reducedMotion: "reduce" });
    await page.goto("/");
    await sees(page.getByRole("heading"));
    await accessible(page);
    await fits(page);
    await picture(page, `sign-in-${name}`);
    await page.context().close();
  };
  await Promise.all(readers.map(look));
});

// Signed in once; then all ways of looking are gone at the same time, each with a copy of the session. axe-core looks on
// in two of them, which have both widths, both languages and both themes.
let looks;
check("signed in", async ({ browser, page }) => {
  await enter(page);
  const cookies = await page.context().cookies();
  looks = readers.map((way, index) => through(browser, way, cookies, index % 2 === 0));
  for (const one of looks) one.catch(() => {}); // told by its own check
});

async function through(browser, [name, options], cookies, thorough) {
  const page = await reader(browser, { ...options, reducedMotion: "reduce" });
  await page.context().addCookies(cookies);
  await page.addInitScript((chosen) => localStorage.setItem("aloha.language", chosen), options.locale.slice(0, 2));
  await page.goto("/");
  await sees(page.locator(".shell"));
  const wrong = [];
  for (const [which, path] of pages) {
    try {
      await open(page, path);
      if (thorough) await accessible(page);
      await fits(page);
      await picture(page, `${which}-${name}`);
    } catch (error) {
      wrong.push(`${path}: ${error.message}`);
    }
  }
  await page.context().close();
  assert(wrong.length === 0, wrong.join("\n"));
}

check("every page at 1280 pixels, English and light", () => looks[0]);
check("every page at 1280 pixels, French and dark", () => looks[1]);
check("every page at 390 pixels, English and dark", () => looks[2]);
check("every page at 390 pixels, French and light", () => looks[3]);

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run();
