// Two nodes, each in a page of its own: who has the virtual address and why, pairing by a code, in sync or not, a conflict.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { accessible, assert, button, check, ctl, dialog, enter, faults, goTo, misses, pictures, reader, run, sees, toast, until } from "../support/spec.mjs";
import { apply, area, field } from "../support/forms.mjs";

const { urls, endpoint, addresses, apart, together } = JSON.parse(process.env.NODES);
const two = (...words) => ctl("--endpoint", endpoint, ...words);
const router = async (ask) => (await ask("vrrp", "show")).routers[0].state;
const text = async (ask) => (await ask("config", "show")).text;
const panel = (page, title) => page.locator(".panel", { has: page.getByRole("heading", { name: title, exact: true }) });
const link = async (words) => {
  for (const command of words) await promisify(execFile)(command[0], command.slice(1));
};

// A router's badge, and the sentence beside it.
const state = (page, word) => sees(page.locator(".vrrp-why .badge", { hasText: new RegExp(`^${word}$`) }));
const why = (page) => page.locator(".vrrp-why p").innerText();
const synchronization = (page, word) => sees(panel(page, "Synchronization").locator(".vrrp-why .badge", { hasText: new RegExp(`^${word}$`) }));

async function shows(page, ask, word) {
  await state(page, word);
  await sees(page.locator(".top-bar").getByText(word, { exact: true }));
  await until(async () => (await why(page)) === (await router(ask)).why, "the page has the reason that alohactl has");
}

check("each node says which part it plays, and why", async ({ page, other }) => {
  await shows(page, ctl, "Master");
  await shows(other, two, "Backup");
  await sees(other.getByRole("table", { name: "Other nodes heard" }).getByText(addresses.one));
});

check("the mastership is released after a question, and the other node takes over live", async ({ page, other }) => {
  await button(page, "Release mastership").click();
  await sees(dialog(page).getByText("This node gives the addresses up"));
  await button(dialog(page), "Release mastership").click();
  await sees(toast(page, "Mastership is released."));
  await shows(other, two, "Master");
  await state(page, "Backup");
  await sees(page.getByRole("table", { name: "History" }).getByRole("row").nth(2));
  await pictures(page, "released");
});

check("the release is taken back, and with it the address", async ({ page, other }) => {
  await button(page, "Take the release back").click();
  await sees(toast(page, "The release is taken back."));
  await shows(page, ctl, "Master");
  await shows(other, two, "Backup");
  await sees(button(page, "Release mastership"));
});

check("without a pairing both say what to do", async ({ page, other }) => {
  for (const one of [page, other]) {
    await goTo(one, "/network/nodes");
    await sees(one.getByText("This node is not paired."));
  }
  await accessible(page);
});

let code;

check("a code of another node is refused at its field", async ({ page, other }) => {
  await button(page, "Make a code").click();
  code = await page.locator(".pair-code code").innerText();
  await sees(page.getByText(/^Good for \d+ min/));
  await pictures(page, "code");
  await field(other, "Address of the other node").fill(addresses.one);
  await field(other, "Code").fill(code.slice(0, -1) + (code.endsWith("0") ? "1" : "0"));
  await button(other, "Join").click();
  await until(async () => (await field(other, "Code").getAttribute("aria-invalid")) === "true", "the code is marked");
});

check("with the right one both are paired, and the code is used up", async ({ page, other }) => {
  await field(other, "Code").fill(code);
  await button(other, "Join").click();
  for (const one of [page, other]) await sees(panel(one, "The other node").getByText("connected", { exact: true }));
  await sees(page.getByText("The code was used, or replaced."));
  await pictures(page, "paired");
  const { fingerprint } = await two("vrrp", "pair", "--list");
  await sees(page.getByText(fingerprint, { exact: true }).first());
});

check("the joined node takes over what the other one has, and both are in sync", async ({ page, other }) => {
  for (const one of [page, other]) await synchronization(one, "in sync");
  await until(async () => (await text(two)).includes('name: "mail"'), "the service is on two");
  assert(/role: BACKUP/.test(await text(two)), "its part stays its own");
  await goTo(other, "/config/virtual-services");
  await sees(other.getByRole("link", { name: "mail", exact: true }));
});

check("a change by the page of one node is seen in that of the other", async ({ page, other }) => {
  await goTo(other, "/config/virtual-services/edit?name=mail");
  await sees(area(other, "mail"));
  await goTo(page, "/config/virtual-services/edit?name=mail");
  const form = area(page, "mail");
  await field(form, "Balance").selectOption({ label: "fewest sessions" });
  await apply(page, form);
  await until(async () => (await field(area(other, "mail"), "Balance").locator("option:checked").innerText()).includes("fewest sessions"), "the other page shows it");
});

check("nodes that cannot reach each other say so", async ({ page, other }) => {
  await link(apart);
  for (const one of [page, other]) {
    await goTo(one, "/network/nodes");
    await synchronization(one, "not connected");
    await sees(panel(one, "The other node").getByText("not connected", { exact: true }));
  }
});

check("a conflict is told on both nodes, and nothing is overwritten", async ({ page, other }) => {
  await ctl("config", "set", "version_note", "as one wants it");
  await two("config", "set", "version_note", "as two wants it");
  await link(together);
  for (const one of [page, other]) {
    await synchronization(one, "conflict");
    await sees(one.getByRole("alert").getByText("Both nodes were changed while they could not reach each other."));
  }
  await pictures(page, "conflict");
  assert((await text(ctl)).includes("as one wants it") && (await text(two)).includes("as two wants it"), "both have their own");
  await accessible(page);
});

check("the two are compared", async ({ page }) => {
  await button(page, "Compare").click();
  await sees(dialog(page).locator(".diff-new", { hasText: "as one wants it" }));
  await sees(dialog(page).locator(".diff-old", { hasText: "as two wants it" }));
  await page.keyboard.press("Escape");
  await misses(dialog(page));
});

check("it is resolved by a click on the node whose state shall hold", async ({ page, other }) => {
  await button(other, "Synchronize from this node").click();
  await sees(dialog(other).getByText(/takes over configuration, certificates and states of this node/));
  await button(dialog(other), "Synchronize from this node").click();
  await sees(toast(other, "The other node takes over what this one has."));
  for (const one of [page, other]) await synchronization(one, "in sync");
  await until(async () => (await text(ctl)).includes("as two wants it"), "one has what two has");
});

check("the pairing is ended after a question, and the other node learns it", async ({ page, other }) => {
  await button(page, "End the pairing").click();
  await button(dialog(page), "End the pairing").click();
  await sees(toast(page, "This node is not paired any more."));
  await sees(page.getByText("This node is not paired."));
  await sees(panel(other, "The other node").getByText("not connected", { exact: true }));
  await sees(panel(other, "The other node").getByText(/not paired/));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ browser, page }) => {
  const other = await reader(browser, { baseURL: urls.two });
  await enter(page, undefined, "/network/state");
  await enter(other, undefined, "/network/state");
  return { other };
});
