// Certificates: uploaded with password, with a wrong one, garbage; replaced, made, deleted; trust anchors.
import { accessible, assert, button, check, ctl, dialog, disabledFor, enter, faults, goTo, misses, run, sees, toast, until } from "../support/spec.mjs";
import { apply, area, config, field } from "../support/forms.mjs";

const { pfx, password, pem, other, garbage, ca } = JSON.parse(process.env.FILES);
const list = async () => (await ctl("certificate", "list")).certificates ?? [];
const named = async (name) => (await list()).find((one) => one.name === name);
const row = (page, name) => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

async function choose(page, file, secret, name) {
  const box = dialog(page);
  await box.locator("input[type=file]").setInputFiles(file);
  await field(box, "File password").fill(secret);
  if (name) await field(box, "Name").fill(name);
  await button(box, "Upload").click();
}

check("an empty list says what to do", async ({ page }) => {
  await button(page, "Upload a certificate").first().click();
  await button(dialog(page), "Upload").click();
  await sees(dialog(page).getByText("Choose a file."));
});

check("a wrong password is told at its field, and nothing is imported", async ({ page }) => {
  await choose(page, pfx, "not this one", "mail");
  const secret = field(dialog(page), "File password");
  await until(async () => (await secret.getAttribute("aria-invalid")) === "true", "the password is marked");
  await sees(dialog(page).getByText(/wrong password/));
  await choose(page, pfx, "");
  await sees(dialog(page).getByText(/password is needed/));
  assert(!(await named("mail")), "nothing is imported");
});

check("garbage is told at the file", async ({ page }) => {
  await choose(page, garbage, "");
  const file = dialog(page).locator("input[type=file]");
  await until(async () => (await file.getAttribute("aria-invalid")) === "true", "the file is marked");
});

check("a .pfx with its password is imported, and nobody on the way could read it", async ({ page }) => {
  const [sent] = await Promise.all([page.waitForRequest((request) => request.url().endsWith("/ImportCertificate")), choose(page, pfx, password)]);
  const body = sent.postDataJSON();
  assert(body.sealed && !body.unsealed && !JSON.stringify(body).includes(password), "sealed");
  await sees(toast(page, "mail is uploaded."));
  await sees(row(page, "mail").getByText("valid", { exact: true }));
  const told = await named("mail");
  await sees(row(page, "mail").getByText(told.commonName).first());
  await sees(row(page, "mail").getByText(told.fingerprint.slice(0, 16)));
});

check("everything about it is shown", async ({ page }) => {
  await row(page, "mail").locator("td").first().click();
  const told = await named("mail");
  await sees(dialog(page).getByText(told.fingerprint, { exact: true }));
  await sees(dialog(page).getByText(told.serial, { exact: true }));
  await accessible(page);
  await page.keyboard.press("Escape");
});

check("it is replaced under its name", async ({ page }) => {
  const before = (await named("mail")).fingerprint;
  await button(row(page, "mail"), "Replace").click();
  await choose(page, other, "");
  await until(async () => (await named("mail")).fingerprint !== before, "another one");
  await sees(row(page, "mail").getByText((await named("mail")).fingerprint.slice(0, 16)));
});

check("a self-signed one is made", async ({ page }) => {
  await button(page, "Make a self-signed certificate").click();
  await field(dialog(page), "Name").fill("own");
  await button(dialog(page), "Make").click();
  await sees(dialog(page).getByText("A common name is needed."));
  await field(dialog(page), "Common Name").fill("mail.example.org");
  await field(dialog(page), "Further names").fill("autodiscover.example.org, 10.0.0.1");
  await button(dialog(page), "Make").click();
  await sees(row(page, "own").getByText("self signed", { exact: true }));
  assert((await named("own")).names.includes("autodiscover.example.org"), "its names");
});

check("an area of the configuration shows its certificate, and takes an upload", async ({ page }) => {
  await goTo(page, "/config/imap");
  const imap = area(page, "IMAP(s) Service");
  await field(imap, "IMAP(s) Service").selectOption("ssl-offload");
  await sees(imap.getByText(/shows a self-signed certificate/));
  await button(imap, "Upload .pfx or .pem").click();
  await choose(page, pem, "", "second");
  await misses(dialog(page));
  await until(() => imap.getByLabel("second", { exact: true }).isChecked(), "it is chosen");
  await sees(imap.getByText("Common Name"));
  await sees(imap.getByText("Until"));
  await apply(page, imap);
  assert((await config()).imap.certificate[0] === "second", "it is named");
});

check("what is used cannot be deleted, and says where it is used", async ({ page }) => {
  await goTo(page, "/certificates");
  await disabledFor(button(row(page, "second"), "Delete"), "imap.certificate");
  await sees(row(page, "second").getByText("imap.certificate"));
  await button(row(page, "own"), "Delete").click();
  await button(dialog(page), "Delete").click();
  await until(async () => !(await named("own")), "deleted");
  await misses(row(page, "own"));
});

check("what alohactl deletes goes from the page", async ({ page }) => {
  await ctl("certificate", "delete", "mail", "--yes").catch(() => ctl("certificate", "delete", "mail"));
  await misses(row(page, "mail"));
});

check("a trust anchor is uploaded, refused as garbage, and deleted", async ({ page }) => {
  await goTo(page, "/certificates/anchors");
  await button(page, "Upload a trust anchor").first().click();
  const box = dialog(page);
  await box.locator("input[type=file]").setInputFiles(garbage);
  await field(box, "Name").fill("corp");
  await button(box, "Upload").click();
  await until(async () => (await box.locator("input[type=file]").getAttribute("aria-invalid")) === "true", "the file is marked");
  await box.locator("input[type=file]").setInputFiles(ca);
  await button(box, "Upload").click();
  await sees(row(page, "corp").getByText("valid", { exact: true }));
  await accessible(page);
  await button(row(page, "corp"), "Delete").click();
  await button(dialog(page), "Delete").click();
  await misses(row(page, "corp"));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/certificates"));
