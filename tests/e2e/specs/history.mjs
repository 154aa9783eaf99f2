// Versions by anybody, differences, rollback, save, factory settings.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { assert, button, call, check, ctl, dialog, enter, faults, goTo, misses, run, sees, toast, until } from "../support/spec.mjs";

const versionRow = (page, version) => page.getByRole("row").filter({ has: page.getByRole("cell", { name: String(version), exact: true }) });
const runs = async () => (await ctl("config", "history")).versions.find((one) => one.running).version;
const unsaved = (page) => page.locator(".top-bar").getByText("Not saved");

check("the first version is running", async ({ page }) => {
  await sees(versionRow(page, 1).getByText("running", { exact: true }));
});

check("a version that alohactl applies shows at once, and that it is not saved", async ({ page }) => {
  await ctl("config", "set", "version_note", "second of all");
  await sees(page.getByRole("cell", { name: "second of all" }).or(versionRow(page, 2)));
  await sees(versionRow(page, 2).getByText("running", { exact: true }));
  await sees(unsaved(page));
  await sees(page.getByText("The running configuration is not saved"));
});

check("its differences are shown, and have a link of their own", async ({ page }) => {
  await button(versionRow(page, 1), "Compare").click();
  await sees(dialog(page).locator(".diff-new", { hasText: "second of all" }));
  const query = new URL(page.url()).searchParams;
  assert(query.get("from") === "1" && query.get("to") === "running", page.url());
  await page.reload();
  await sees(dialog(page).locator(".diff-new", { hasText: "second of all" }));
  await page.keyboard.press("Escape");
});

check("saving makes the badge and the banner go", async ({ page }) => {
  await page.locator(".top-bar").getByRole("button", { name: "Save" }).click();
  await misses(unsaved(page));
  await misses(page.getByText("The running configuration is not saved"));
  await sees(versionRow(page, 2).getByText("saved", { exact: true }));
  assert(!(await ctl("system", "info")).unsavedChanges, "alohactl sees it saved");
});

check("an earlier version is rolled back to after a question", async ({ page }) => {
  await button(versionRow(page, 1), "Roll back").click();
  await sees(dialog(page).getByText("Version 1 is applied again"));
  await button(dialog(page), "Roll back").click();
  await sees(toast(page, "Version 1 runs again, as version 3."));
  await sees(versionRow(page, 3).getByText("running", { exact: true }));
  assert((await runs()) === "3", "alohactl sees it");
  await sees(unsaved(page));
});

check("a change that waits for confirmation is told everywhere, and kept", async ({ page }) => {
  const { text } = (await call(page, "Configuration/GetConfig", { version: "2" })).body;
  await call(page, "Configuration/ApplyConfig", { source: { text }, confirmWithinS: 60 });
  await sees(page.getByText(/A change waits for confirmation: it undoes itself in \d+ seconds/));
  await button(page, "Keep the change").click();
  await sees(toast(page, "The change stays."));
  await misses(page.getByText("A change waits for confirmation"));
});

check("factory settings take two steps and a typed word", async ({ page }) => {
  await goTo(page, "/setup");
  await button(page, "Factory settings").click();
  await button(dialog(page), "Go on").click();
  await sees(dialog(page).getByText("Traffic stops now"));
  await dialog(page).getByLabel("Type factory to go on").fill("factory");
  await button(dialog(page), "Apply factory settings").click();
  const newest = async () => (await ctl("config", "history")).versions[0];
  await until(async () => (await newest()).origin.includes("reset"), "alohactl sees the factory settings");
});

check("a rollback by alohactl leads back, and the page comes back by itself", async ({ page }) => {
  // The factory settings have the page on its usual port, which is not that of this test.
  await ctl("config", "rollback", "2");
  await sees(page.locator(".top-bar").getByText(/^(Serving|Degraded)$/));
  await goTo(page, "/history");
  await sees(versionRow(page, await runs()).getByText("running", { exact: true }));
});

check("events tell all of it, and new ones come by themselves", async ({ page }) => {
  await goTo(page, "/history/events?subject=config");
  await sees(page.getByRole("row").filter({ hasText: "admin" }));
  const before = await page.getByRole("row").count();
  await ctl("config", "save");
  await until(async () => (await page.getByRole("row").count()) > before, "one more event");
});

check("everything is erased in two steps, and a new password is asked for", async ({ page }) => {
  const folder = await mkdtemp(`${tmpdir()}/aloha-erase-`);
  const before = await ctl("config", "show");
  await goTo(page, "/setup");
  await button(page, "Erase everything").click();
  await button(dialog(page), "Go on").click();
  await sees(dialog(page).getByText("Traffic stops now, for good"));
  await dialog(page).getByLabel("Type erase to go on").fill("erase");
  await button(dialog(page), "Erase everything").click();
  await until(async () => (await ctl("config", "history")).versions.length === 1, "the history is gone");
  // Back to the port of this test.
  await writeFile(`${folder}/before.textproto`, before.text);
  await ctl("config", "apply", `${folder}/before.textproto`);
  await rm(folder, { recursive: true });
  const reloaded = () => page.reload().then((answer) => answer !== null && answer.ok(), () => false);
  await until(reloaded, "the web interface is there again");
  await sees(page.getByLabel("Password", { exact: true }));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/history"));
