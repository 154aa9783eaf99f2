// From factory default to serving HTTPS, IMAP and SMTP, by clicks alone.
import { assert, button, check, ctl, dialog, faults, run, sees, until } from "../support/spec.mjs";
import { apply, area, config, field } from "../support/forms.mjs";

const { pfx, filePassword, servers, ports, clients, password } = JSON.parse(process.env.FARM);
const tab = (page, name) => page.getByRole("navigation", { name: "Config" }).getByRole("link", { name, exact: true }).click();

check("the first sign-in demands a new password", async ({ page }) => {
  await page.goto("/");
  await field(page, "User").fill("admin");
  await field(page, "Password").fill("admin");
  await button(page, "Sign in").click();
  await field(page, "New password").fill(password);
  await field(page, "New password again").fill(password);
  await page.locator('button[type="submit"]').click();
  await sees(page.locator(".shell"));
});

check("the web service: host name, ports, certificate", async ({ page }) => {
  await page.getByRole("link", { name: "Config", exact: true }).first().click();
  const exchange = area(page, "Exchange");
  await field(exchange, "Listen address").fill("127.0.0.1");
  await apply(page, exchange);
  await tab(page, "HTTP(S)");
  const http = area(page, "HTTP(s) Service");
  await field(http, "Host Name").fill("mail.example.test");
  await field(http, "Virtual Service HTTPs port").fill(clients.https);
  await field(http, "Redirect HTTP port").fill(clients.redirect);
  await field(http, "CAS Servers HTTP port").fill(ports.http);
  await button(http, "Upload .pfx or .pem").click();
  await dialog(page).locator("input[type=file]").setInputFiles(pfx);
  await field(dialog(page), "File password").fill(filePassword);
  await button(dialog(page), "Upload").click();
  await until(async () => (await http.getByRole("checkbox", { checked: true }).count()) > 0, "the certificate is chosen");
  await apply(page, http);
  await sees(http.getByText(/^incomplete/));
});

check("RPC on the ports of the servers", async ({ page }) => {
  await tab(page, "RPC");
  const rpc = area(page, "RPC Services");
  await field(rpc, "End Point Mapper port").fill(ports.mapper);
  await field(rpc, "Access Point port").fill(ports.rpc);
  await field(rpc, "Address Book port").fill(ports.addressbook);
  await apply(page, rpc);
});

check("IMAP with TLS ended here", async ({ page }) => {
  await tab(page, "IMAP");
  const imap = area(page, "IMAP(s) Service");
  await field(imap, "IMAP(s) Service").selectOption("clear and ssl-offload");
  await field(imap, "Virtual Service IMAP port").fill(clients.imap);
  await field(imap, "Virtual Service IMAPs port").fill(clients.imaps);
  await field(imap, "CAS Servers IMAP port").fill(ports.imap);
  await imap.getByRole("checkbox", { name: "mail", exact: true }).check();
  await apply(page, imap);
});

check("SMTP to the HUB servers", async ({ page }) => {
  await tab(page, "SMTP");
  const smtp = area(page, "SMTP(s) Service");
  await field(smtp, "SMTP(s) Service").selectOption("clear and ssl-offload");
  await field(smtp, "HUB1: Address").fill(servers.HUB1);
  await field(smtp, "HUB2: Address").fill(servers.HUB2);
  await field(smtp, "Virtual Service SMTP port").fill(clients.smtp);
  await field(smtp, "Virtual Service SMTPs port").fill(clients.submission);
  await field(smtp, "HUB Servers SMTP port").fill(ports.smtp);
  await smtp.getByRole("checkbox", { name: "mail", exact: true }).check();
  await smtp.locator("summary").click();
  await field(smtp, "TLS on the SSL port").selectOption({ label: "by STARTTLS" });
  await field(smtp, "Implicit TLS port").fill("0");
  await apply(page, smtp);
});

check("the CAS servers: now mail is served", async ({ page }) => {
  await tab(page, "CAS servers");
  const cas = area(page, "CAS Servers");
  await field(cas, "CAS1: Address").fill(servers.CAS1);
  await field(cas, "CAS2: Address").fill(servers.CAS2);
  await apply(page, cas, { note: "first set-up" });
  await sees(page.locator(".top-bar").getByText("Serving"));
  for (const name of ["HTTP(S)", "IMAP", "SMTP", "RPC"]) {
    await tab(page, name);
    await sees(page.locator(".panel-header").getByText("in use"));
  }
});

check("it is saved", async ({ page }) => {
  await button(page.locator(".top-bar"), "Save").click();
  await until(async () => !(await ctl("config", "show")).unsavedChanges, "saved");
  const now = await config();
  assert(now.casServer.length === 2 && now.http.certificate[0] === "mail", JSON.stringify(now));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run();
