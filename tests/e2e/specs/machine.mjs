// A machine that Aloha sets: a change of addresses that is confirmed, undone, or cuts the reader off; host name, time zone,
// restart, as systemd is asked for them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessible, assert, button, check, ctl, dialog, disabledFor, enter, faults, goTo, misses, pictures, run, sees, toast, until } from "../support/spec.mjs";
import { area, config, field, isLit, refused, undone, undoneAfter, validation, waits } from "../support/forms.mjs";

const LOCAL = "Local Network";
const seconds = async (page) => Number(/in (\d+) second/.exec(await waits(page).innerText())[1]);
const addresses = async () => (await ctl("network", "show")).addresses;
const calls = (service) =>
  readFileSync(join(process.env.CALLS, `${service}.calls`), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

// The plan, with what it says about confirmation; then Apply. `within`: seconds, instead of the minute that a page gives.
async function change(page, label, value, within) {
  const local = area(page, LOCAL);
  await field(local, label).fill(value);
  await validation(local).click();
  await sees(dialog(page).getByText(/^network: /));
  await sees(dialog(page).getByText(/undoes itself unless you confirm it within 60 seconds/));
  if (within) await undoneAfter(page, within);
  await button(dialog(page), "Apply").click();
}

check("what the machine has now is shown", async ({ page }) => {
  await sees(page.getByText("10.99.0.1/24", { exact: true }));
  await sees(page.getByText("A change waits for your confirmation, and undoes itself without it."));
  assert((await field(area(page, LOCAL), "Address").inputValue()) === "10.99.0.1", "as configured");
});

check("a change waits for confirmation, with the seconds that are left", async ({ page }) => {
  await change(page, "Netmask", "255.255.0.0");
  await misses(dialog(page));
  await sees(waits(page));
  await pictures(page, "confirmation");
  await accessible(page);
  const first = await seconds(page);
  assert(first > 1 && first <= 60, `${first} seconds`);
  await until(async () => (await seconds(page)) < first, "they become fewer");
  assert((await addresses()).join() === "10.99.0.1/16", "it is set already");
  assert((await ctl("config", "show")).confirmWithinS > 0, "alohactl sees it wait");
  await goTo(page, "/services");
  await sees(waits(page));
  await goTo(page, "/network");
});

check("confirmed, it stays", async ({ page }) => {
  await button(waits(page), "Keep the change").click();
  await sees(toast(page, "The change stays."));
  await misses(waits(page));
  assert(!(await ctl("config", "show")).confirmWithinS, "nothing waits");
  assert((await config()).network.netmask === "255.255.0.0", "it is in the configuration");
  await sees(page.getByText("10.99.0.1/16", { exact: true }));
});

check("not confirmed, it undoes itself, and the page tells so", async ({ page }) => {
  await change(page, "Netmask", "255.255.255.128", 5);
  await sees(waits(page));
  assert((await seconds(page)) <= 5, "the seconds that were given");
  await sees(undone(page));
  await misses(waits(page));
  await misses(area(page, LOCAL).getByText(/unless it is confirmed/));
  await pictures(page, "undone");
  assert((await addresses()).join() === "10.99.0.1/16", "as before");
  const newest = (await ctl("config", "history")).versions.find((one) => one.running);
  assert(newest.origin.includes("nobody confirmed"), newest.origin);
  await until(async () => (await field(area(page, LOCAL), "Netmask").inputValue()) === "255.255.0.0", "the field shows what holds");
  await button(undone(page), "Close").click();
  await misses(undone(page));
});

check("whoever cuts himself off is let in again, and learns why", async ({ page }) => {
  await change(page, "Address", "10.77.0.1", 5);
  await until(async () => (await addresses()).join() === "10.77.0.1/16", "the page is cut off");
  await sees(undone(page));
  assert((await addresses()).join() === "10.99.0.1/16", "as before");
  await misses(dialog(page));
  await until(async () => (await field(area(page, LOCAL), "Address").inputValue()) === "10.99.0.1", "the field shows what holds");
  await isLit(area(page, LOCAL), false);
  await sees(page.getByText("10.99.0.1/16", { exact: true }));
});

check("the host name is given to systemd", async ({ page }) => {
  const local = area(page, LOCAL);
  await field(local, "Hostname").fill("aloha-e2e");
  await validation(local).click();
  await button(dialog(page), "Apply").click();
  await until(() => calls("hostname1").length > 0, "hostnamed is asked");
  assert(JSON.stringify(calls("hostname1")) === '[["SetStaticHostname","aloha-e2e",false]]', JSON.stringify(calls("hostname1")));
  await isLit(local, false);
});

check("time servers are given to systemd", async ({ page }) => {
  const local = area(page, LOCAL);
  await field(local, "NTP servers").fill("ntp..example");
  await refused(page, local, "NTP servers", /ntp\.\.example/);
  await field(local, "NTP servers").fill("10.99.0.20, ntp.example.org");
  await validation(local).click();
  await button(dialog(page), "Apply").click();
  await until(() => calls("timesync1").length > 0, "timesyncd is asked");
  assert(JSON.stringify(calls("timesync1").at(-1)) === '["SetRuntimeNTPServers",["10.99.0.20","ntp.example.org"]]', JSON.stringify(calls("timesync1")));
  await isLit(local, false);
});

check("the time zone is one of systemd’s, and given to it", async ({ page }) => {
  await goTo(page, "/setup");
  const local = page.locator(".panel", { has: page.getByRole("heading", { name: "Local" }) });
  const zone = local.getByLabel("Time zone");
  await disabledFor(button(local, "Update"), "Nothing was changed");
  await zone.selectOption("Africa/Cairo");
  await button(local, "Update").click();
  await sees(toast(page, "The time zone is set."));
  assert(JSON.stringify(calls("timedate1")) === '[["SetTimezone","Africa/Cairo",false]]', JSON.stringify(calls("timedate1")));
});

check("the machine restarts only after its name was typed", async ({ page }) => {
  const { hostname } = await ctl("system", "info");
  const ask = () => button(page, "Restart the machine").click();
  await ask();
  await sees(dialog(page).getByText(/All sessions are cut/));
  await pictures(page, "restart");
  await disabledFor(button(dialog(page), "Restart the machine"), hostname);
  await button(dialog(page), "Cancel").click();
  await misses(dialog(page));
  await ask();
  await dialog(page).getByLabel(`Type ${hostname} to go on`).fill("another");
  await page.keyboard.press("Enter");
  await disabledFor(button(dialog(page), "Restart the machine"), hostname);
  assert(calls("login1").length === 0, "nobody asked for a restart yet");
  await dialog(page).getByLabel(`Type ${hostname} to go on`).fill(hostname);
  await button(dialog(page), "Restart the machine").click();
  await sees(toast(page, "The machine restarts."));
  assert(JSON.stringify(calls("login1")) === '[["Reboot",false]]', JSON.stringify(calls("login1")));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/network"));
