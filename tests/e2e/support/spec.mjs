// What every spec uses. Checks run in their order, with one reader or more; each prints one line "RESULT {…}".
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const require = createRequire(new URL("../../../wui/app/package.json", import.meta.url));
export const { chromium } = require("playwright-core");
export const { default: jsQR } = require("jsqr");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const chromiumOptions = { executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] };
export const url = process.env.ALOHA_URL;
export const admin = { user: "admin", password: "Quiet-Harbour-27" };

// Long enough for a machine that is busy with other things: a check that passes never waits so long.
const PATIENCE_MS = Number(process.env.ALOHA_PATIENCE_MS ?? 45_000);
const checks = [];

// A named check; it gets what `run` prepared.
export function check(name, body) {
  checks.push({ name, body });
}

// The page that a failed check shows.
let newest;

// Another reader, with cookies and settings of their own.
export async function reader(browser, options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    locale: "en-GB",
    viewport: { width: 1280, height: 900 },
    baseURL: url,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  newest = page;
  page.on("console", (message) => message.type() === "error" && remember(`console: ${message.text()}`));
  page.on("pageerror", (error) => remember(`page error: ${error.stack ?? error.message}`));
  return page;
}

// What the browser complained about: refused scripts and styles, exceptions.
export const complaints = [];
function remember(text) {
  complaints.push(text);
  console.log(text);
}

// Of those that tell of a fault of the page: answers with an error are told too, and are expected.
export const faults = () => complaints.filter((text) => !/the server responded with a status of|net::ERR_/.test(text));

// Runs all checks with `prepare`'s answer and {browser, page}.
export async function run(prepare = async () => ({})) {
  const browser = await open();
  try {
    const page = await reader(browser);
    const given = { browser, page, ...(await prepare({ browser, page })) };
    for (const { name, body } of checks) await runOne(name, body, given);
  } finally {
    await browser.close();
  }
}

// The browser that all specs share, or one of its own where this network has none.
function open() {
  const shared = process.env.ALOHA_BROWSER;
  return shared ? chromium.connect(shared) : chromium.launch(chromiumOptions);
}

async function runOne(name, body, given) {
  const began = Date.now();
  try {
    await body(given);
    tell({ name, ok: true, ms: Date.now() - began });
  } catch (error) {
    const picture = join(process.env.ALOHA_FAILURES ?? "/tmp", `aloha-e2e-${name.replace(/\W+/g, "-").slice(0, 60)}.png`);
    await (newest.isClosed() ? given.page : newest).screenshot({ path: picture, fullPage: true }).catch(() => {});
    tell({ name, ok: false, error: `${error.message}\npicture: ${picture}`, ms: Date.now() - began });
  }
}

function tell(result) {
  console.log(`RESULT ${JSON.stringify(result)}`);
}

export function assert(condition, text) {
  if (!condition) throw new Error(text);
}

// Waits until `condition` gives something true, and gives it back.
export async function until(condition, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${patience} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const sees = (locator) => locator.first().waitFor({ state: "visible" });
export const misses = (locator) => locator.first().waitFor({ state: "hidden" });

export const button = (where, name) => where.getByRole("button", { name, exact: true });
export const dialog = (page) => page.getByRole("dialog");
export const toast = (page, text) => page.locator(".toast", { hasText: text });

// Seen, not usable, and the reason is told.
export async function disabledFor(locator, reason) {
  await sees(locator);
  const why = await locator.first().getAttribute("title");
  const off = (await locator.first().getAttribute("aria-disabled")) === "true" || (await locator.first().isDisabled());
  assert(off, `${locator} is not disabled`);
  assert(why && (!reason || why.includes(reason)), `${locator} says why: ${why}`);
}

// Another page of the application, without loading everything again.
export async function goTo(page, path) {
  await page.evaluate((to) => {
    history.pushState({ position: 0 }, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
  await sees(page.locator("main h1"));
}

// By the sign-in page.
export async function signIn(page, { user, password } = admin, path = "/") {
  await page.goto(path);
  await page.getByLabel("User", { exact: true }).fill(user);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await button(page, "Sign in").click();
  await sees(page.locator(".shell"));
}

// By the API, for specs that are about something else; the first password is changed where it still holds.
export async function enter(page, { user, password } = admin, path = "/") {
  await page.goto("/favicon.svg");
  let answer = await call(page, "Users/SignIn", { user, password });
  if (answer.status === 401 && user === admin.user) answer = await call(page, "Users/SignIn", { user, password: "admin", newPassword: password });
  assert(answer.status === 200, `sign-in: ${answer.status} ${JSON.stringify(answer.body)}`);
  if (answer.body.missing === "NEW_PASSWORD") {
    // An account that an administrator made: its first password is kept with a word more.
    answer = await call(page, "Users/SignIn", { user, password, newPassword: `${password}-again` });
    assert(answer.status === 200, `new password: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  await page.goto(path);
  await sees(page.locator(".shell"));
}

const runFile = promisify(execFile);

// alohactl -o json, decoded.
export async function ctl(...words) {
  const { stdout } = await runFile(process.env.ALOHA_CTL, ["-o", "json", ...words], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout || "{}");
}

// One command of the farm: "stall CAS1 imap".
export async function farm(command) {
  const socket = connect(Number(process.env.FARM_CONTROL), "127.0.0.1");
  try {
    socket.write(`${command}\n`);
    const [answer] = await once(socket, "data");
    return String(answer).trim();
  } finally {
    socket.destroy();
  }
}

// A client of a port of 127.0.0.1; `ended` becomes true with the connection.
export function connection(port) {
  const socket = connect(Number(port), "127.0.0.1").unref(); // one that is left open does not keep the spec from its end
  const state = { socket, greeting: "", ended: false, close: () => socket.destroy() };
  socket.on("close", () => (state.ended = true));
  socket.on("error", () => (state.ended = true));
  socket.on("data", (data) => (state.greeting += data));
  return state;
}

// The same, once the server has greeted or refused it.
export async function client(port) {
  const state = connection(port);
  await until(() => state.greeting || state.ended, "a greeting");
  return state;
}

// A call of the API from within the page, with its cookie; {status, body}.
export function call(page, method, message = {}, headers = { "X-Aloha-Request": "1" }) {
  return page.evaluate(
    async ([path, text, more]) => {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...more }, body: text });
      return { status: answer.status, body: await answer.json().catch(() => ({})) };
    },
    [`/aloha.admin.v1.${method}`, JSON.stringify(message), headers],
  );
}

// WCAG 2.2 A and AA by axe-core: no violation.
export async function accessible(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(`${axe}; undefined`);
  const violations = await whole(page, () =>
    page.evaluate(async () => {
      const result = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] });
      return result.violations.map((one) => ({ id: one.id, help: one.help, nodes: one.nodes.slice(0, 4).map((node) => `${node.target.join(" ")}: ${node.failureSummary?.split("\n")[1]?.trim()}`) }));
    }),
  );
  assert(violations.length === 0, violations.map((one) => `${one.id} (${one.help}):\n  ${one.nodes.join("\n  ")}`).join("\n"));
}

// Left for whoever looks at the pages; nothing without ALOHA_SCREENSHOTS.
export async function picture(page, name) {
  const folder = process.env.ALOHA_SCREENSHOTS;
  if (folder) await whole(page, () => page.screenshot({ path: join(folder, `${name}.png`) }));
}

// The same at both widths.
export async function pictures(page, name) {
  if (!process.env.ALOHA_SCREENSHOTS) return;
  const size = page.viewportSize();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ ...size, width });
    await picture(page, `${name}-${width}`);
  }
  await page.setViewportSize(size);
}

// With a window as high as the page: what sticks to its edges covers nothing then.
async function whole(page, action) {
  const size = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...size, height: Math.min(Math.max(height, size.height), 4000) });
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  try {
    return await action();
  } finally {
    await page.setViewportSize(size);
  }
}
