// Backup and restore by clicks: what is made in the browser brings back what was there.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, button, call, check, ctl, dialog, disabledFor, enter, faults, goTo, misses, reader, run, sees, toast } from "../support/spec.mjs";

const PASSPHRASE = "tin whistle parade";
const panel = (page, title) => page.locator(".panel", { has: page.getByRole("heading", { name: title, exact: true }) });
const shown = async () => (await ctl("config", "show")).text;
const folder = mkdtempSync(join(tmpdir(), "aloha-backup-"));
const asFile = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });

let sealed, clear, before;

async function make(page) {
  const [file] = await Promise.all([page.waitForEvent("download"), button(panel(page, "Backup"), "Download a backup").click()]);
  assert(/^aloha-[\w.-]+\.backup$/.test(file.suggestedFilename()), file.suggestedFilename());
  const place = join(folder, file.suggestedFilename());
  await file.saveAs(place);
  return readFileSync(place);
}

async function preview(page, buffer, passphrase) {
  const area = panel(page, "Restore");
  await area.getByLabel("Backup file").setInputFiles(asFile("one.backup", buffer));
  await area.getByLabel("Passphrase", { exact: true }).fill(passphrase);
  await button(area, "Show what it would do").click();
}

check("one without a passphrase says what is left out", async ({ page }) => {
  const area = panel(page, "Backup");
  await sees(area.getByText("Without a passphrase nothing is encrypted"));
  clear = await make(page);
  await sees(toast(page, "with 0 private keys"));
  before = await shown();
});

check("a passphrase is typed twice, and is no short one", async ({ page }) => {
  const area = panel(page, "Backup");
  await area.getByLabel("Passphrase", { exact: true }).fill("short");
  await sees(area.getByRole("alert").getByText("12 characters or more."));
  await area.getByLabel("Passphrase", { exact: true }).fill(PASSPHRASE);
  await area.getByLabel("Confirmation").fill("something else");
  await sees(area.getByRole("alert").getByText("The two are not the same."));
});

check("private keys leave only where the machine allows it", async ({ page }) => {
  const area = panel(page, "Backup");
  await area.getByLabel("Confirmation").fill(PASSPHRASE);
  await button(area, "Download a backup").click();
  await sees(area.getByRole("alert").getByText("allow-backup"));
  await area.getByLabel("Leave private keys out").check();
  sealed = await make(page);
  assert(!sealed.includes("exchange_version") && sealed.includes("ALOHABAK"), "encrypted");
});

check("a file that is none, or torn, is refused where it was chosen", async ({ page }) => {
  const area = panel(page, "Restore");
  await button(area, "Show what it would do").click();
  await sees(area.getByRole("alert").getByText("Choose a file."));
  await preview(page, Buffer.from("Dear customer"), "");
  await sees(area.getByRole("alert").getByText("no backup of Aloha"));
  await preview(page, clear.subarray(0, clear.length - 1), "");
  await sees(area.getByRole("alert").getByText("cut off"));
  await preview(page, Buffer.alloc(400_000), "");
  await sees(area.getByRole("alert").getByText("too large for a browser"));
});

check("another passphrase, and none, are refused", async ({ page }) => {
  const area = panel(page, "Restore");
  await preview(page, sealed, "");
  await sees(area.getByRole("alert").getByText("type its passphrase"));
  await preview(page, sealed, "tin whistle parada");
  await sees(area.getByRole("alert").getByText("the passphrase does not open it"));
});

check("the plan is shown, and changes nothing", async ({ page }) => {
  await ctl("config", "set", "version_note", "changed meanwhile");
  const changed = await shown();
  assert(changed !== before, "another configuration");
  await preview(page, sealed, PASSPHRASE);
  await sees(dialog(page).getByText("takes the place of"));
  await button(dialog(page), "Cancel").click();
  assert((await shown()) === changed, "nothing changed");
});

check("restored, it is what it was", async ({ page }) => {
  await preview(page, sealed, PASSPHRASE);
  await button(dialog(page), "Restore").click();
  await sees(toast(page, "Restored: version"));
  await misses(dialog(page));
  assert((await shown()) === before, "byte for byte");
});

check("whoever is no administrator cannot", async ({ browser, page }) => {
  await call(page, "Users/CreateUser", { name: "keeper", role: "OPERATOR", password: "Gentle-Meadow-48" });
  const other = await reader(browser);
  await enter(other, { user: "keeper", password: "Gentle-Meadow-48" }, "/setup/maintenance");
  await disabledFor(button(panel(other, "Backup"), "Download a backup"));
  await disabledFor(button(panel(other, "Restore"), "Show what it would do"));
  await other.context().close();
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => {
  await enter(page);
  await goTo(page, "/setup/maintenance");
});
