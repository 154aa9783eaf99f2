// Firmware: the slots, an update that is not newer, one of a stranger, progress, the way back, restart, and who may.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessible, assert, button, call, check, ctl, dialog, disabledFor, enter, faults, misses, pictures, reader, run, sees, toast, until } from "../support/spec.mjs";

const files = JSON.parse(process.env.FILES);
const area = (page) => page.locator(".panel", { has: page.getByRole("heading", { name: "Firmware", exact: true }) });
const row = (page, name) => area(page).locator("tbody tr", { hasText: new RegExp(`^${name}`) });
const calls = (service, ...methods) =>
  readFileSync(join(process.env.CALLS, `${service}.calls`), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(([method]) => methods.length === 0 || methods.includes(method));

async function choose(page, file) {
  await area(page).getByLabel("Update by file").setInputFiles(file);
  await button(area(page), "Update").click();
}

check("the slots are shown", async ({ page }) => {
  await sees(row(page, "A").getByText("1.2.0-1", { exact: true }));
  await sees(row(page, "A").getByText("runs, boots next"));
  await sees(row(page, "B").getByText("empty", { exact: true }));
  await disabledFor(button(area(page), "Boot the other slot"), "The other slot is empty.");
  await accessible(page);
});

check("without a file nothing is sent", async ({ page }) => {
  await button(area(page), "Update").click();
  await sees(area(page).getByRole("alert"));
  assert(calls("rauc.json", "Info").length === 0, "nothing was asked");
});

check("an older version needs permission", async ({ page }) => {
  await choose(page, files.old);
  await sees(area(page).getByText(/the file has 1\.1\.0, which is not newer than 1\.2\.0-1 that runs/));
  await pictures(page, "firmware-older");
  assert(calls("rauc.json", "InstallBundle").length === 0, "nothing is installed");
});

check("what a stranger signed is refused", async ({ page }) => {
  await choose(page, files.foreign);
  await sees(area(page).getByText(/its signature is not one of a key that this machine trusts/));
  assert(!(await ctl("firmware", "list")).upload, "it is not kept");
});

check("an update is installed while the page shows how it goes", async ({ page }) => {
  await choose(page, files.new);
  await sees(area(page).getByText("Installing 1.3.0-1"));
  await disabledFor(button(area(page), "Update"), "An update is being installed.");
  await until(async () => Number(await area(page).getByRole("progressbar", { name: "Installing 1.3.0-1" }).getAttribute("value")) > 0, "progress");
  await pictures(page, "firmware-installing");
  await accessible(page);
  await sees(area(page).getByText("1.3.0-1 is installed: the next restart boots it."));
  await sees(row(page, "B").getByText("boots next"));
  await sees(row(page, "B").getByText("1.3.0-1", { exact: true }));
  assert(calls("rauc.json", "InstallBundle").length === 1, "once");
});

check("the way back is asked for, and taken", async ({ page }) => {
  await button(area(page), "Boot the other slot").click();
  await sees(dialog(page).getByText("Boot slot A next, with 1.2.0-1?"));
  await button(dialog(page), "Cancel").click();
  await misses(dialog(page));
  assert(calls("rauc.json", "Mark").length === 0, "not yet");
  await button(area(page), "Boot the other slot").click();
  await button(dialog(page), "Boot the other slot").click();
  await sees(toast(page, "The next restart boots slot A, with 1.2.0-1."));
  await sees(row(page, "A").getByText("runs, boots next"));
  await misses(area(page).getByText(/is installed: the next restart/));
  await pictures(page, "firmware");
});

check("an older version is installed where that was chosen", async ({ page }) => {
  await area(page).getByLabel("Also the version that runs, and older ones").check();
  await choose(page, files.old);
  await sees(area(page).getByText("1.1.0 is installed: the next restart boots it."));
});

check("the machine restarts from here, after its name was typed", async ({ page }) => {
  const { hostname } = await ctl("system", "info");
  await button(area(page), "Restart the machine").click();
  await dialog(page).getByLabel(`Type ${hostname} to go on`).fill(hostname);
  await button(dialog(page), "Restart the machine").click();
  await sees(toast(page, "The machine restarts."));
  assert(JSON.stringify(calls("login1")) === '[["Reboot",false]]', JSON.stringify(calls("login1")));
});

check("an operator sees all of it and changes nothing", async ({ page, browser }) => {
  await call(page, "Users/CreateUser", { name: "watcher", role: "OPERATOR", password: "Gentle-Meadow-48" });
  const other = await reader(browser);
  await enter(other, { user: "watcher", password: "Gentle-Meadow-48" }, "/setup/maintenance");
  await sees(row(other, "B").getByText("1.1.0", { exact: true }));
  for (const name of ["Update", "Boot the other slot", "Restart the machine"]) await disabledFor(button(area(other), name));
  await other.context().close();
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/setup/maintenance"));
