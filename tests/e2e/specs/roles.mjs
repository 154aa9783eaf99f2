// What a role may not do is seen, does nothing, says why, and is refused by the API as well.
import { assert, button, call, check, disabledFor, dialog, enter, faults, goTo, reader, run, sees, toast } from "../support/spec.mjs";

const monitor = { user: "watcher", password: "Patient-Watcher-64" };
const operator = { user: "shift", password: "Steady-Operator-58" };
const cell = (page, name) => page.getByRole("button", { name: new RegExp(`^${name}: `) });
const refused = async (page, method, message) => {
  const answer = await call(page, method, message);
  assert(answer.status === 403, `${method}: ${answer.status} ${JSON.stringify(answer.body)}`);
};

let pages;

check("two more accounts are made by the page", async ({ browser, page }) => {
  await goTo(page, "/setup/users");
  for (const [{ user, password }, role] of [
    [monitor, "Monitor"],
    [operator, "Operator"],
  ]) {
    await button(page, "New user").click();
    await dialog(page).getByLabel("Name", { exact: true }).fill(user);
    await dialog(page).getByLabel("Role").selectOption({ label: role });
    await dialog(page).getByLabel("First password").fill(password);
    await button(dialog(page), "Create").click();
    await sees(page.getByRole("cell", { name: user }));
  }
  pages = { monitor: await reader(browser), operator: await reader(browser) };
  await enter(pages.monitor, monitor);
  await enter(pages.operator, operator);
});

check("a monitor sees the dashboard and may change nothing on it", async () => {
  const page = pages.monitor;
  await cell(page, "mail/CAS1").click();
  await disabledFor(button(dialog(page), "Drain"), "Operator");
  await disabledFor(button(dialog(page), "Maintenance"), "Operator");
  await page.keyboard.press("Escape");
});

check("a monitor sees services, and every action disabled with the reason", async () => {
  const page = pages.monitor;
  await goTo(page, "/services");
  const row = page.locator('tr[data-service="haproxy"]');
  for (const name of ["Start", "Stop", "Restart", "Reload"]) await disabledFor(button(row, name), "Operator");
  await disabledFor(page.getByLabel("Startup of haproxy"), "Operator");
  await disabledFor(page.getByRole("button", { name: "Restart aloha-proxy" }), "Operator");
  await button(row, "Stop").click({ force: true });
  assert((await dialog(page).count()) === 0, "no dialog opens");
});

check("a monitor sees setup and history, and changes neither", async () => {
  const page = pages.monitor;
  await goTo(page, "/setup");
  for (const name of ["Factory settings", "Restart the machine"]) await disabledFor(button(page, name), "Administrator");
  await goTo(page, "/setup/users");
  await disabledFor(button(page, "New user"), "Administrator");
  await goTo(page, "/setup/tokens");
  await disabledFor(button(page, "New token"), "Administrator");
  await goTo(page, "/history");
  await sees(page.getByRole("cell", { name: "running" }));
});

check("the API refuses a monitor every change", async () => {
  const page = pages.monitor;
  await refused(page, "Services/StopService", { name: "haproxy" });
  await refused(page, "Servers/SetServerState", { server: "mail/CAS1", adminState: "DRAIN" });
  await refused(page, "Sessions/CloseSession", { virtualService: "mail" });
  await refused(page, "Persistence/ClearEntries", {});
  await refused(page, "Workers/RestartWorker", { name: "proxy" });
  await refused(page, "Configuration/ApplyConfig", { source: { text: "" } });
  await refused(page, "Configuration/SaveConfig", {});
  await refused(page, "Configuration/RollbackConfig", { version: "1" });
  await refused(page, "Configuration/ResetConfig", {});
  await refused(page, "Users/CreateUser", { name: "x", role: "ADMIN", password: "Some-Long-Word-12" });
  await refused(page, "Users/SetPassword", { user: "admin", newPassword: "Some-Long-Word-12" });
  await refused(page, "Tokens/CreateToken", { name: "x", role: "MONITOR" });
  await refused(page, "System/RebootSystem", {});
});

check("an operator drains a server", async () => {
  const page = pages.operator;
  await cell(page, "mail/CAS1").click();
  await button(dialog(page), "Drain").click();
  await sees(toast(page, "mail/CAS1: Drain"));
  await cell(page, "mail/CAS1").click();
  await button(dialog(page), "Ready").click();
  await sees(toast(page, "mail/CAS1: Ready"));
});

check("an operator changes neither the configuration nor accounts", async () => {
  const page = pages.operator;
  await refused(page, "Configuration/ApplyConfig", { source: { text: "" } });
  await refused(page, "Configuration/SaveConfig", {});
  await refused(page, "Users/UpdateUser", { name: "shift", role: "ADMIN" });
  await goTo(page, "/setup");
  await disabledFor(button(page, "Factory settings"), "Administrator");
});

check("what was refused stands in the audit log", async ({ page }) => {
  await goTo(page, "/setup/audit");
  await page.getByPlaceholder("Filter").fill("watcher refused");
  await sees(page.getByRole("row").filter({ hasText: "watcher" }).getByText("Refused"));
});

check("a role that is taken away counts at once", async ({ page }) => {
  await goTo(page, "/setup/users");
  await page.getByLabel("Role of shift").selectOption({ label: "Monitor" });
  await sees(toast(page, "The role of shift is changed."));
  await refused(pages.operator, "Servers/SetServerState", { server: "mail/CAS1", adminState: "DRAIN" });
});

check("an account that is disabled is signed out", async ({ page }) => {
  await page.getByRole("row").filter({ hasText: "watcher" }).getByRole("button", { name: "Disable" }).click();
  await sees(toast(page, "watcher may not sign in any more."));
  await sees(pages.monitor.getByText("Your session has ended. Sign in again."));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page));
