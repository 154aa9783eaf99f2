// The network page: local network, static routes, high availability; edited, validated, cancelled, with wrong values.
import { accessible, assert, button, call, check, enter, faults, goTo, run, sees, until } from "../support/spec.mjs";
import { apply, area, cancel, config, field, isLit, refused, validation } from "../support/forms.mjs";

check("it is explained that the operating system keeps the addresses", async ({ page }) => {
  await sees(page.getByText(/are the operating system’s business\. What stands here is kept/));
  await sees(page.getByText("the operating system", { exact: true }));
});

check("the local network is edited, kept, and cancelled", async ({ page }) => {
  const local = area(page, "Local Network");
  await field(local, "Hostname").fill("aloha1");
  await field(local, "Address").fill("10.0.0.17");
  await field(local, "Netmask").fill("255.255.0.0");
  await field(local, "Gateway").fill("10.0.1.1");
  await field(local, "DNS servers").fill("10.0.0.2, 10.0.0.3");
  await apply(page, local);
  const { network } = await config();
  assert(network.hostname === "aloha1" && network.dnsServer.length === 2 && network.managed === undefined, JSON.stringify(network));
  await field(local, "Hostname").fill("other");
  await cancel(local).click();
  assert((await field(local, "Hostname").inputValue()) === "aloha1", "as before");
});

check("wrong values of the local network stand at their fields", async ({ page }) => {
  const local = area(page, "Local Network");
  await field(local, "Gateway").fill("10.0.0");
  await refused(page, local, "Gateway", /10\.0\.0/);
  await cancel(local).click();
  await field(local, "vLAN Identifier").fill("5000");
  await refused(page, local, "vLAN Identifier", /5000/);
  await field(local, "vLAN Identifier").fill("twelve");
  await refused(page, local, "vLAN Identifier", /whole number/);
  await cancel(local).click();
  await isLit(local, false);
});

check("static routes are added, refused and removed, apart from the local network", async ({ page }) => {
  const routes = area(page, "Static Routes");
  await field(area(page, "Local Network"), "Hostname").fill("waits");
  await field(routes, "Route 1: Network Address").fill("10.9.0.0");
  await field(routes, "Route 1: Network Mask").fill("255.255.0.0");
  await field(routes, "Route 1: Router Address").fill("nowhere");
  await refused(page, routes, "Route 1: Router Address", /nowhere/);
  await field(routes, "Route 1: Router Address").fill("10.0.1.2");
  await apply(page, routes);
  const { network } = await config();
  assert(network.staticRoute.length === 1 && network.hostname === "aloha1", JSON.stringify(network));
  await isLit(area(page, "Local Network"), true);
  await cancel(area(page, "Local Network")).click();
  await button(routes, "Remove Route 1").click();
  await apply(page, routes);
  assert(!(await config()).network.staticRoute?.length, "removed");
});

check("options of high availability appear with the role, wrong values at their fields", async ({ page }) => {
  const availability = area(page, "High Availability");
  assert((await field(availability, "Cluster Identifier").count()) === 0, "nothing to choose while it is disabled");
  await field(availability, "Role").selectOption({ label: "backup" });
  await field(availability, "Virtual Service Address").fill("10.0.0.999");
  await field(availability, "Cluster Identifier").fill("253");
  await refused(page, availability, "Virtual Service Address", /10\.0\.0\.999/);
  await field(availability, "Virtual Service Address").fill("192.168.0.253");
  await field(availability, "Cluster Identifier").fill("300");
  await refused(page, availability, "Cluster Identifier", /300/);
  await availability.locator("summary").click();
  await sees(field(availability, "Priority"));
  assert((await field(availability, "Priority").getAttribute("placeholder")) === "100", "the default of a backup");
  await field(availability, "Role").selectOption({ label: "master" });
  assert((await field(availability, "Priority").getAttribute("placeholder")) === "150", "the default of a master");
  await cancel(availability).click();
  await until(async () => (await field(availability, "Cluster Identifier").count()) === 0, "hidden again");
});

check("a disabled high availability keeps its values", async ({ page }) => {
  const { text } = (await call(page, "Configuration/GetConfig")).body;
  await call(page, "Configuration/ApplyConfig", { source: { text: `${text} high_availability { role: DISABLED cluster_id: 7 }` } });
  const availability = area(page, "High Availability");
  await until(async () => (await field(availability, "Role").inputValue()) === "1", "the page follows");
  await field(availability, "Role").selectOption({ label: "master" });
  assert((await field(availability, "Cluster Identifier").inputValue()) === "7", "kept");
  await cancel(availability).click();
  assert((await validation(availability).getAttribute("title")) === "Nothing was changed", "nothing was changed");
});

check("without high availability the other tabs say what to do", async ({ page }) => {
  await goTo(page, "/network/state");
  await sees(page.getByText("High availability is disabled."));
  await accessible(page);
  await goTo(page, "/network/nodes");
  await sees(page.getByText("Pairing needs high availability."));
  await goTo(page, "/network");
  await sees(page.getByRole("form", { name: "Local Network" }));
  await accessible(page);
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/network"));
