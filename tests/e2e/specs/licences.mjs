// The guide's licences: from an evaluation to a licence and back, by clicks.
import { assert, button, call, check, ctl, dialog, disabledFor, enter, faults, goTo, misses, reader, run, sees, toast } from "../support/spec.mjs";

const files = JSON.parse(process.env.LICENCES);
const panel = (page, title) => page.locator(".panel", { has: page.getByRole("heading", { name: title, exact: true }) });
const row = (page, serial) => page.getByRole("row").filter({ hasText: serial });

async function upload(page, file) {
  await dialog(page).getByLabel("Licence file").setInputFiles(file);
  await button(dialog(page), "Add").click();
}

check("without a licence it is an evaluation", async ({ page }) => {
  const area = panel(page, "Information");
  await sees(area.getByText("evaluation", { exact: true }));
  await area.getByRole("link", { name: "Licences" }).click();
  await sees(panel(page, "Licences").getByText("There is no licence: this is an evaluation."));
});

check("the request has what the machine is known by", async ({ page }) => {
  const info = await ctl("system", "info");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const area = panel(page, "Licences");
  for (const number of [info.uuid, info.ethid]) if (number) await sees(area.getByText(number, { exact: true }));
  await button(area, "Copy request data").click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert(copied === (await ctl("license", "request")).text, copied);
});

check("a file that is none, and an altered one, are refused where they were chosen", async ({ page }) => {
  await button(page, "Add a licence").click();
  await button(dialog(page), "Add").click();
  await sees(dialog(page).getByRole("alert").getByText("Choose a file."));
  await upload(page, { name: "mail.license", mimeType: "text/plain", buffer: Buffer.from("Dear customer") });
  await sees(dialog(page).getByRole("alert").getByText("this is no licence file"));
  await upload(page, files.altered);
  await sees(dialog(page).getByRole("alert").getByText("altered"));
  await upload(page, { name: "large.license", mimeType: "text/plain", buffer: Buffer.alloc(20_000) });
  await sees(dialog(page).getByRole("alert").getByText("larger than 16 KiB"));
});

check("a licence is added", async ({ page }) => {
  await upload(page, files.good);
  await misses(dialog(page));
  const one = row(page, "A-1001");
  for (const text of ["Example Ltd", "exchange, ha", "2030-11-30", "valid"]) await sees(one.getByText(text, { exact: true }));
  const { licenses } = await ctl("license", "list");
  assert(licenses.length === 1 && licenses[0].state === "VALID", JSON.stringify(licenses));
});

check("one that another program adds is seen at once", async ({ page }) => {
  await ctl("license", "add", files.later);
  await sees(row(page, "B-2002").getByText("not yet valid"));
});

check("whoever may only read sees them and cannot change them", async ({ browser, page }) => {
  await call(page, "Users/CreateUser", { name: "watcher", role: "MONITOR", password: "Gentle-Meadow-48" });
  const other = await reader(browser);
  await enter(other, { user: "watcher", password: "Gentle-Meadow-48" }, "/setup/maintenance");
  await sees(row(other, "A-1001"));
  await disabledFor(button(other, "Add a licence"));
  await disabledFor(button(row(other, "A-1001"), "Remove"));
  await other.context().close();
});

check("the sum stands under System", async ({ page }) => {
  await goTo(page, "/setup");
  await sees(panel(page, "Information").getByText("licensed", { exact: true }));
});

check("they are removed, and it is an evaluation again", async ({ page }) => {
  await goTo(page, "/setup/maintenance");
  for (const serial of ["A-1001", "B-2002"]) {
    await button(row(page, serial), "Remove").click();
    await button(dialog(page), "Remove").click();
    await sees(toast(page, `${serial} is removed.`));
    await misses(row(page, serial));
  }
  await sees(panel(page, "Licences").getByText("There is no licence: this is an evaluation."));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/setup"));
