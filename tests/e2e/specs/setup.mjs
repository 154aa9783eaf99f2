// Accounts, tokens, sessions; language and theme; the machine.
import { assert, button, call, check, ctl, dialog, enter, faults, goTo, misses, reader, run, sees, toast, until, url } from "../support/spec.mjs";
import { apply, area, cancel, config, field, isLit, refused, undone, undoneAfter, validation, waits } from "../support/forms.mjs";

const cell = (page, name) => page.getByRole("cell", { name, exact: true });
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("cell", { name, exact: true }) });

check("the machine is described", async ({ page }) => {
  const info = await ctl("system", "info");
  const area = page.locator(".panel", { has: page.getByRole("heading", { name: "Information" }) });
  await sees(area.getByText(info.hostname, { exact: true }));
  for (const text of [info.kernel, info.model, info.uuid, info.ethid, info.operatingSystem]) if (text) await sees(area.getByText(text, { exact: true }));
  await sees(area.getByText(info.user, { exact: true }));
});

check("the language of the reader is chosen at once, and kept", async ({ page }) => {
  await page.getByRole("button", { name: "admin" }).click();
  await page.getByLabel("Language", { exact: true }).first().selectOption("fr");
  await sees(page.getByRole("heading", { name: "Système", level: 1 }));
  assert((await page.evaluate(() => document.documentElement.lang)) === "fr", "lang");
  await page.reload();
  await sees(page.getByRole("heading", { name: "Système", level: 1 }));
  await page.getByRole("button", { name: "admin" }).click();
  await page.getByLabel("Langue", { exact: true }).first().selectOption("");
  await sees(page.getByRole("heading", { name: "Setup", level: 1 }));
  await page.keyboard.press("Escape");
});

check("the language of the machine holds for whoever has not chosen", async ({ browser, page }) => {
  const area = page.locator(".panel", { has: page.getByRole("heading", { name: "Local" }) });
  await area.getByLabel("Language").selectOption("fr");
  await button(area, "Update").click();
  await sees(page.getByRole("heading", { name: "Système", level: 1 }));
  const other = await reader(browser);
  await other.goto("/");
  await sees(other.getByRole("heading", { name: "Se connecter" }));
  await other.context().close();
  await ctl("system", "language", "en");
  await page.reload();
  await sees(page.getByRole("heading", { name: "Setup", level: 1 }));
});

check("light and dark follow the system until one is chosen", async ({ page }) => {
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await page.emulateMedia({ colorScheme: "dark" });
  await until(async () => (await theme()) === "dark", "dark as the system");
  await page.getByRole("button", { name: "admin" }).click();
  await page.getByLabel("Appearance", { exact: true }).selectOption("light");
  assert((await theme()) === "light", "light as chosen");
  await page.reload();
  await until(async () => (await theme()) === "light", "kept");
  await page.emulateMedia({ colorScheme: "light" });
});

check("an account is made, and one with a bad name or password is not", async ({ page }) => {
  await goTo(page, "/setup/users");
  await button(page, "New user").click();
  await dialog(page).getByLabel("Name", { exact: true }).fill("Bad Name");
  await dialog(page).getByLabel("First password").fill("Gentle-Meadow-48");
  await button(dialog(page), "Create").click();
  await sees(dialog(page).getByRole("alert"));
  await dialog(page).getByLabel("Name", { exact: true }).fill("claire");
  await dialog(page).getByLabel("First password").fill("claire");
  await button(dialog(page), "Create").click();
  await sees(dialog(page).getByRole("alert"));
  await dialog(page).getByLabel("First password").fill("Gentle-Meadow-48");
  await dialog(page).getByLabel("Role").selectOption({ label: "Operator" });
  await button(dialog(page), "Create").click();
  await sees(cell(page, "claire"));
  const { users } = await ctl("user", "list");
  assert(users.find((one) => one.name === "claire")?.role === "OPERATOR", JSON.stringify(users));
});

check("its role is changed, it is disabled and deleted", async ({ page }) => {
  await page.getByLabel("Role of claire").selectOption({ label: "Monitor" });
  await sees(toast(page, "The role of claire is changed."));
  await row(page, "claire").getByRole("button", { name: "Disable" }).click();
  await sees(row(page, "claire").getByText("Disabled"));
  await page.getByRole("button", { name: "Delete claire" }).click();
  await button(dialog(page), "Delete").click();
  await misses(cell(page, "claire"));
});

check("the last administrator can be neither disabled nor given another role", async ({ page }) => {
  await row(page, "admin").getByRole("button", { name: "Disable" }).click();
  await sees(page.locator(".toast.bad"));
  await sees(row(page, "admin").getByText("Enabled"));
  const role = page.getByLabel("Role of admin");
  const before = await role.inputValue();
  const refused = page.waitForResponse((answer) => answer.url().endsWith("/UpdateUser"));
  await role.selectOption({ label: "Monitor" });
  assert((await refused).status() === 400, "the role is refused");
  await until(async () => (await role.inputValue()) === before, "the role that holds is shown again");
});

check("an account that another program makes is seen at once", async ({ page }) => {
  await call(page, "Users/CreateUser", { name: "remote", role: "MONITOR", password: "Gentle-Meadow-48" });
  await sees(cell(page, "remote"));
});

let secret;

check("a token is shown once, and works", async ({ page }) => {
  await goTo(page, "/setup/tokens");
  await button(page, "New token").click();
  await dialog(page).getByLabel("Name", { exact: true }).fill("graphs");
  await dialog(page).getByLabel("Methods").fill("Stats/GetStats, Services/*");
  await dialog(page).getByLabel("Days").fill("4000");
  await sees(dialog(page).getByRole("alert").getByText("1 to 3,650"));
  await dialog(page).getByLabel("Days").fill("30");
  await button(dialog(page), "Create").click();
  secret = await dialog(page).locator("code").innerText();
  assert(/^aloha_\S{43}$/.test(secret), secret.slice(0, 8));
  await button(dialog(page), "Done").click();
  await sees(cell(page, "graphs"));
  assert(!(await page.content()).includes(secret), "the secret is gone");
  assert((await bearer("Stats/GetStats")) === 200, "what it may");
  assert((await bearer("Configuration/GetConfig")) === 403, "what it may not");
});

check("a token that is revoked is refused", async ({ page }) => {
  await row(page, "graphs").getByRole("button", { name: "Revoke" }).click();
  await button(dialog(page), "Revoke").click();
  await misses(cell(page, "graphs"));
  assert((await bearer("Stats/GetStats")) === 401, "refused");
});

check("sessions are listed, and another one is ended", async ({ browser, page }) => {
  const other = await reader(browser, { userAgent: "Second <b>Browser</b>" });
  await enter(other);
  await goTo(page, "/setup/sign-ins");
  const its = page.getByRole("row").filter({ hasText: /Second \W/ });
  await its.getByRole("button", { name: "Sign out" }).click();
  await sees(other.getByText("Your session has ended. Sign in again."));
  await button(page, "Refresh").click();
  await misses(its);
  await other.context().close();
});

check("browsers are let in from some networks only, once that is confirmed", async ({ page }) => {
  await goTo(page, "/setup/management");
  const web = area(page, "Web interface");
  await field(web, "Allowed networks").fill("127.0.0.0/99");
  await refused(page, web, "Allowed networks", /127\.0\.0\.0\/99/);
  await field(web, "Allowed networks").fill("127.0.0.0/8");
  await apply(page, web);
  await sees(waits(page));
  await button(page, "Keep the change").click();
  await misses(waits(page));
  assert((await config()).management.web.allowFrom[0] === "127.0.0.0/8", "kept");
});

check("a change that locks browsers out undoes itself, and the page comes back", async ({ page }) => {
  const web = area(page, "Web interface");
  const port = await field(web, "Port").inputValue();
  await field(web, "Port").fill(process.env.METRICS_PORT);
  await undoneAfter(page, 5);
  await validation(web).click();
  await button(dialog(page), "Apply").click();
  await sees(undone(page));
  await misses(dialog(page));
  await until(async () => (await field(web, "Port").inputValue()) === port, "the field shows what holds");
  await isLit(web, false);
});

check("remote programs need an anchor and a user, told at their fields", async ({ page }) => {
  const remote = area(page, "Remote programs");
  assert((await field(remote, "Port").count()) === 0, "no options while it is off");
  await field(remote, "Remote programs").click();
  await refused(page, remote, "Trust anchor", /\S/);
  await field(remote, "Trust anchor").fill("nowhere");
  await field(remote, "User 1: Subject").fill("CN=ops");
  await refused(page, remote, "Trust anchor", /nowhere/);
  assert((await field(remote, "User 1: Role").getAttribute("aria-invalid")) === "true", "the role is missing");
  await cancel(remote).click();
  await misses(field(remote, "Port"));
});

check("a remote program is let in by its certificate, with the rights of its role", async ({ page }) => {
  const remote = area(page, "Remote programs");
  await field(remote, "Remote programs").click();
  await field(remote, "Address").fill("127.0.0.1");
  await field(remote, "Port").fill(process.env.GRPC_PORT);
  await field(remote, "Certificate").fill("node");
  await field(remote, "Trust anchor").fill("corp");
  await field(remote, "User 1: Subject").fill("CN=mon");
  await field(remote, "User 1: Role").selectOption({ label: "Monitor" });
  await apply(page, remote);
  const far = JSON.parse(process.env.REMOTE);
  await until(async () => (await ctl(...far, "service", "list").catch(() => undefined))?.services.length === 4, "it is served");
  const refusal = await ctl(...far, "service", "stop", "haproxy").catch((error) => error.stderr);
  assert(/CN=mon/.test(refusal), `a monitor changes nothing: ${JSON.stringify(refusal)}`);
});

check("one whose user is removed is let in no more", async ({ page }) => {
  const remote = area(page, "Remote programs");
  await field(remote, "User 1: Subject").fill("CN=somebody");
  await apply(page, remote);
  const said = () => ctl(...JSON.parse(process.env.REMOTE), "service", "list").then(() => "", (error) => error.stderr);
  await until(async () => /names nobody/.test(await said()), "it is refused, and why");
  await field(remote, "Remote programs").click();
  await apply(page, remote);
  await until(async () => /reach|refused|connect/i.test(await said()), "nobody listens");
});

check("metrics are served where the page says", async ({ page }) => {
  const metrics = area(page, "Metrics");
  await field(metrics, "Metrics").click();
  await field(metrics, "Port").fill(process.env.METRICS_PORT);
  await apply(page, metrics);
  const answer = await fetch(`http://127.0.0.1:${process.env.METRICS_PORT}/metrics`);
  assert(answer.ok && (await answer.text()).includes("aloha_"), "for Prometheus");
});

check("logging is set, and an emptied syslog server is none", async ({ page }) => {
  await goTo(page, "/setup/operation");
  const log = area(page, "Logging");
  await field(log, "Format of access lines").selectOption({ label: "JSON" });
  await field(log, "Port of the syslog server").fill("5514");
  await refused(page, log, "Syslog server", /\S/);
  await field(log, "Syslog server").fill("127.0.0.1");
  await apply(page, log);
  const now = (await config()).log;
  assert(now.format === "JSON" && now.syslog.address === "127.0.0.1" && now.syslog.port === 5514, JSON.stringify(now));
  await field(log, "Syslog server").fill("");
  await field(log, "Port of the syslog server").fill("");
  await field(log, "Access lines").click();
  await misses(field(log, "Format of access lines"));
  await apply(page, log);
  const then = (await config()).log;
  assert(then.syslog === undefined && then.access === false && then.format === "JSON", JSON.stringify(then));
});

check("alerts need server, sender and recipients", async ({ page }) => {
  const alert = area(page, "Alerts");
  await field(alert, "SMTP server").fill("127.0.0.1");
  await refused(page, alert, "Sender", /\S/);
  await field(alert, "Sender").fill("aloha@example.org");
  await field(alert, "Recipients").fill("ops@example.org, night@example.org");
  await apply(page, alert);
  assert((await config()).alert.to.length === 2, "two recipients");
  for (const label of ["SMTP server", "Sender", "Recipients"]) await field(alert, label).fill("");
  await apply(page, alert);
  assert((await config()).alert === undefined, "none");
});

check("the threads of the proxy are set within bounds", async ({ page }) => {
  const performance = area(page, "Performance");
  await field(performance, "Threads of the proxy").fill("65");
  await refused(page, performance, "Threads of the proxy", /65/);
  await field(performance, "Threads of the proxy").fill("1");
  await apply(page, performance);
  assert((await config()).performance.proxyThreads === 1, "one");
});

check("where packages bring new versions, that is said", async ({ page }) => {
  await goTo(page, "/setup/maintenance");
  const area = page.locator(".panel", { has: page.getByRole("heading", { name: "Firmware", exact: true }) });
  await sees(area.getByText(/^Version .*, installed by packages$/));
  await sees(area.getByText(/apt updates the packages of this machine/));
  assert((await area.getByRole("button").count()) === 0, "nothing to do here");
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

// A call with the token, as a program makes it.
async function bearer(method) {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  process.removeAllListeners("warning");
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${secret}` };
  return (await fetch(`${url}/aloha.admin.v1.${method}`, { method: "POST", headers, body: "{}" })).status;
}

await run(async ({ page }) => enter(page, undefined, "/setup"));
