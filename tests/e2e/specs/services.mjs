// Every action on the services, by the page and by alohactl, each seen by the other.
import { assert, button, check, client, ctl, dialog, disabledFor, enter, faults, run, sees, toast, until } from "../support/spec.mjs";

const imap = process.env.IMAP_PORT;
const row = (page, name) => page.locator(`tr[data-service="${name}"]`);
const state = (page, name, word) => sees(row(page, name).getByText(word, { exact: true }));
const told = async (name) => (await ctl("service", "list")).services.find((one) => one.name === name);

async function stop(page, name, typed) {
  await button(row(page, name), "Stop").click();
  if (typed) {
    await button(dialog(page), "Stop").click({ force: true });
    await sees(dialog(page)); // nothing happens before the name is typed
    await dialog(page).getByLabel(`Type ${typed} to go on`).fill(typed);
  }
  await button(dialog(page), "Stop").click();
  await sees(toast(page, `${name} is stopped.`));
}

check("four rows tell OK or not in use, each with its reason", async ({ page }) => {
  await state(page, "system", "OK");
  await state(page, "haproxy", "OK");
  await state(page, "stunnel", "OK");
  await state(page, "vrrp", "not in use");
  assert((await page.locator("tr[data-service]").count()) === 4, "four rows");
});

check("system can neither be stopped nor be started by hand", async ({ page }) => {
  await disabledFor(button(row(page, "system"), "Stop"), "cannot be stopped");
  await disabledFor(page.getByLabel("Startup of system"), "always");
  await disabledFor(button(row(page, "vrrp"), "Start"), "does not use vrrp");
});

check("haproxy is stopped after its name was typed, and clients are refused", async ({ page }) => {
  const before = await client(imap);
  assert(before.greeting.startsWith("* OK"), before.greeting);
  before.close();
  await stop(page, "haproxy", "haproxy");
  await state(page, "haproxy", "NOK");
  await sees(page.locator(".top-bar").getByText("Down"));
  assert((await told("haproxy")).state === "NOK", "alohactl sees it");
  assert((await client(imap)).ended, "refused");
});

check("haproxy is started again and serves", async ({ page }) => {
  await button(row(page, "haproxy"), "Start").click();
  await state(page, "haproxy", "OK");
  await until(async () => (await client(imap)).greeting.startsWith("* OK"), "IMAP is served");
});

check("a reload drops no session", async ({ page }) => {
  const live = await client(imap);
  await button(row(page, "haproxy"), "Reload").click();
  await sees(toast(page, "haproxy is reloaded"));
  live.socket.write("a1 NOOP\r\n");
  await until(() => live.greeting.includes("a1 OK"), "the session lives");
  live.close();
});

check("a restart replaces the processes", async ({ page }) => {
  const pid = async () => (await ctl("worker", "list")).workers.find((one) => one.name === "proxy").pid;
  const before = await pid();
  await button(row(page, "haproxy"), "Restart").click();
  await button(dialog(page), "Restart").click();
  await sees(toast(page, "haproxy is restarted."));
  await until(async () => (await pid()) !== before, "another process");
  await until(async () => (await client(imap)).greeting.startsWith("* OK"), "IMAP is served");
});

check("stunnel is stopped and started", async ({ page }) => {
  await stop(page, "stunnel", "stunnel");
  await state(page, "stunnel", "NOK");
  await button(row(page, "stunnel"), "Start").click();
  await state(page, "stunnel", "OK");
});

check("start-up is set to manual and back", async ({ page }) => {
  const choice = page.getByLabel("Startup of haproxy");
  await choice.selectOption("manual");
  await until(async () => (await told("haproxy")).startMode === "MANUAL", "alohactl sees manual");
  await ctl("service", "auto", "haproxy");
  await until(async () => (await choice.inputValue()) === "auto", "the page sees auto");
});

check("what alohactl stops and starts is seen at once", async ({ page }) => {
  await ctl("service", "stop", "haproxy", "--now");
  await state(page, "haproxy", "NOK");
  await sees(row(page, "haproxy").getByText("stopped by"));
  await ctl("service", "start", "haproxy");
  await state(page, "haproxy", "OK");
});

check("every process is listed with what confines it", async ({ page }) => {
  const { workers } = await ctl("worker", "list");
  for (const worker of workers) await sees(page.getByRole("row").filter({ hasText: worker.binary }));
  await page.getByRole("row").filter({ hasText: "aloha-proxy" }).locator("td").first().click();
  await sees(dialog(page).getByText("seccomp", { exact: true }));
  await page.keyboard.press("Escape");
});

check("a process is restarted", async ({ page }) => {
  const pid = async () => (await ctl("worker", "list")).workers.find((one) => one.name === "health").pid;
  const before = await pid();
  await page.getByRole("button", { name: "Restart aloha-health" }).click();
  await button(dialog(page), "Restart").click();
  await sees(toast(page, "aloha-health is restarted."));
  await until(async () => (await pid()) !== before, "another process");
});

check("when aloha-wui is restarted the page says so and comes back by itself", async ({ page }) => {
  // It says so for a moment only: whoever looks must look already.
  await Promise.all([sees(page.locator(".top-bar").getByText("Not connected; last seen")), ctl("worker", "restart", "wui")]);
  await sees(page.locator(".top-bar").getByText(/Serving|Degraded/));
  await state(page, "haproxy", "OK");
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/services"));
