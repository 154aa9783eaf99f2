// Is mail being served? States of servers, sessions, persistence, charts, as they change.
import { assert, button, check, client, connection, ctl, dialog, enter, farm, faults, goTo, misses, run, sees, toast, until } from "../support/spec.mjs";

const imap = process.env.IMAP_PORT;
const rpc = process.env.RPC_PORT;
const cell = (page, name) => page.getByRole("button", { name: new RegExp(`^${name}: `) });
const shows = (page, name, word) => sees(page.getByRole("button", { name: new RegExp(`^${name}: ${word}`) }));

check("a row per service, a column per server, all up", async ({ page }) => {
  await shows(page, "imap/CAS1", "Up");
  await shows(page, "imap/CAS2", "Up");
  await shows(page, "smtp/HUB1", "Up");
  await sees(page.locator(".top-bar").getByText("Serving"));
});

check("a server that fails is red, with the reason on hover and on focus", async ({ page }) => {
  await farm("fail CAS2 imap");
  await shows(page, "imap/CAS2", "Down");
  await sees(page.locator(".top-bar").getByText("Degraded"));
  const { reason } = (await ctl("server", "list")).servers.find((one) => one.virtualService === "imap" && one.name === "CAS2");
  await cell(page, "imap/CAS2").hover();
  await sees(page.getByRole("tooltip").getByText(reason));
  await page.mouse.move(0, 0);
  await cell(page, "imap/CAS2").focus();
  await sees(page.getByRole("tooltip").getByText(reason));
  await farm("ok CAS2 imap");
  await shows(page, "imap/CAS2", "Up");
});

check("draining tells what it would do, and does it", async ({ page }) => {
  const sessions = [await client(imap), await client(imap)];
  await until(async () => (await cell(page, "imap/CAS1").getAttribute("aria-label")).includes("1 session"), "the session is counted");
  await cell(page, "imap/CAS1").click();
  await sees(dialog(page).getByText("1 session stays until it ends"));
  await button(dialog(page), "Drain").click();
  await misses(dialog(page));
  await sees(toast(page, "imap/CAS1: Drain"));
  await shows(page, "imap/CAS1", "Drain");
  const server = (await ctl("server", "list")).servers.find((one) => one.virtualService === "imap" && one.name === "CAS1");
  assert(server.adminState === "DRAIN", `alohactl: ${server.adminState}`);
  assert(sessions.every((one) => !one.ended), "both sessions live");
  sessions.forEach((one) => one.close());
});

check("maintenance in all services closes the sessions of that server", async ({ page }) => {
  const session = await client(imap); // CAS1 drains: it is CAS2's
  await cell(page, "imap/CAS2").click();
  await dialog(page).getByRole("checkbox").check();
  await button(dialog(page), "Maintenance").click();
  await misses(dialog(page));
  await shows(page, "imap/CAS2", "Maintenance");
  await shows(page, "pop3/CAS2", "Maintenance");
  await until(() => session.ended, "the session is closed");
});

check("what alohactl sets is seen at once", async ({ page }) => {
  await ctl("server", "ready", "CAS2");
  await ctl("server", "ready", "imap/CAS1");
  await shows(page, "imap/CAS1", "Up");
  await shows(page, "imap/CAS2", "Up");
});

check("the whole grid works by keyboard", async ({ page }) => {
  await cell(page, "pop3/CAS1").focus();
  await page.keyboard.press("Enter");
  await sees(dialog(page).getByRole("heading", { name: "pop3/CAS1" }));
  await page.keyboard.press("Escape");
  await until(async () => (await dialog(page).count()) === 0, "closed");
  assert(await cell(page, "pop3/CAS1").evaluate((element) => element === document.activeElement), "the focus is back");
});

check("four charts follow the traffic", async ({ page }) => {
  const sessions = await Promise.all(Array.from({ length: 5 }, () => client(imap)));
  assert((await page.locator(".chart canvas").count()) === 4, "four charts");
  await until(async () => (await page.getByRole("img", { name: /^Connections: / }).getAttribute("aria-label")).includes("5"), "five connections");
  sessions.forEach((one) => one.close());
});

check("a session is listed, found and closed", async ({ page }) => {
  const session = await client(imap);
  await goTo(page, "/sessions?service=imap");
  const mine = `127.0.0.1:${session.socket.localPort}`;
  await page.getByPlaceholder("Filter").fill(mine);
  await sees(page.getByRole("cell", { name: mine }));
  assert(new URL(page.url()).searchParams.get("sessions.q") === mine, "the filter stands in the URL");
  await page.getByRole("button", { name: `Close the session of ${mine}` }).click();
  await until(() => session.ended, "the session is closed");
  await sees(page.getByText("There are no sessions."));
});

check("all sessions of a service are closed after a question", async ({ page }) => {
  const sessions = await Promise.all(Array.from({ length: 3 }, () => client(imap)));
  await page.getByPlaceholder("Filter").fill("");
  await button(page, "Refresh").click();
  await sees(page.getByRole("cell", { name: `127.0.0.1:${sessions[0].socket.localPort}` }));
  await button(page, "Close all of these").click();
  await sees(dialog(page).getByText("3 sessions are closed at once"));
  await button(dialog(page), "Close").last().click();
  await until(() => sessions.every((one) => one.ended), "closed");
});

check("persistence is listed and cleared", async ({ page }) => {
  const session = connection(rpc); // its server waits for the client to speak
  await until(async () => (await ctl("persistence", "list")).entries?.length, "an entry");
  session.close();
  await goTo(page, "/persistence");
  await sees(page.getByRole("cell", { name: "127.0.0.1" }));
  await button(page, "Clear all").click();
  await button(dialog(page), "Clear").click();
  await sees(page.getByText("There are no entries."));
  assert(!(await ctl("persistence", "list")).entries?.length, "alohactl sees none");
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page));
