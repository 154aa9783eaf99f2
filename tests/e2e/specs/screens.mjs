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

// Signed in once; each reader gets a copy of the session.
let cookies;

async function open(page, path) {
  await goTo(page, path);
  await page.waitForFunction(() => !document.querySelector(".loading"), undefined, { timeout: 5000 }).catch(() => {});
}

async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(content <= window, `the page is ${content} pixels wide, the window ${window}`);
}

check("the sign-in page is accessible everywhere", async ({ browser }) => {
  for (const [name, options] of readers) {
    const page = await reader(browser, { ...options, reducedMotion: "reduce" });
    await page.goto("/");
    await sees(page.getByRole("heading"));
    await accessible(page);
    await fits(page);
    await picture(page, `sign-in-${name}`);
    await page.context().close();
  }
});

check("signed in", async ({ page }) => {
  await enter(page);
  cookies = await page.context().cookies();
});

// One browser context for each way of looking.
const look = (options, body) => async ({ browser }) => {
  const page = await reader(browser, { ...options, reducedMotion: "reduce" });
  await page.context().addCookies(cookies);
  const language = options.locale.slice(0, 2);
  await page.addInitScript((chosen) => localStorage.setItem("aloha.language", chosen), language);
  await page.goto("/");
  await sees(page.locator(".shell"));
  const wrong = [];
  for (const [name, path] of pages) {
    try {
      await open(page, path);
      await body(page, name);
    } catch (error) {
      wrong.push(`${path}: ${error.message}`);
    }
  }
  await page.context().close();
  assert(wrong.length === 0, wrong.join("\n"));
};

// Both widths, both languages and both themes are looked at by axe-core in two of the four ways.
const through = ([name, options], thorough) =>
  look(options, async (page, which) => {
    // The bar of a phone covers what can be scrolled from under it.
    if (thorough) await accessible(page, { without: options.isMobile ? ["target-size"] : [] });
    await fits(page);
    await picture(page, `${which}-${name}`);
  });

check("every page at 1280 pixels, English and light", through(readers[0], true));
check("every page at 390 pixels, French and light", through(readers[3], false));
check("every page at 1280 pixels, French and dark", through(readers[1], false));
check("every page at 390 pixels, English and dark", through(readers[2], true));

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run();
