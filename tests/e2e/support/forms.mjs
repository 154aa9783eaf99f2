// Areas of the configuration, as a reader uses them.
import { assert, button, ctl, dialog, misses, sees, until } from "./spec.mjs";

export const area = (page, title) => page.getByRole("form", { name: title, exact: true });
export const field = (where, label) => where.getByLabel(label, { exact: true });
export const validation = (where) => button(where, "VALIDATION");
export const cancel = (where) => button(where, "CANCEL");

export const config = async () => (await ctl("config", "show")).config;
export const version = async () => Number((await ctl("config", "history")).versions.find((one) => one.running).version);

export async function isLit(where, lit) {
  for (const one of [validation(where), cancel(where)]) {
    await until(async () => ((await one.getAttribute("aria-disabled")) !== "true") === lit, lit ? "the buttons are lit" : "the buttons are not lit");
  }
}

// VALIDATION, the plan, Apply; the sentences of the plan.
export async function apply(page, where, { note, save } = {}) {
  const before = await version();
  await validation(where).click();
  await sees(dialog(page).getByRole("heading", { name: "What will happen" }));
  const plan = await dialog(page).locator(".dialog-body").innerText();
  if (note) await field(dialog(page), "Note").fill(note);
  if (save) await dialog(page).getByLabel("Save as well, so that it holds after a restart").check();
  await button(dialog(page), "Apply").click();
  await misses(dialog(page));
  await until(async () => (await version()) > before, "a new version runs");
  await isLit(where, false);
  return plan;
}

// The next change waits for its confirmation so many seconds, instead of the minute that pages give.
export async function undoneAfter(page, seconds) {
  const shorten = (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), confirmWithinS: seconds }) });
  await page.route("**/ApplyConfig", shorten, { times: 1 });
}

export const waits = (page) => page.getByRole("alert").filter({ hasText: "A change waits for confirmation" });
export const undone = (page) => page.getByRole("alert").filter({ hasText: "Nobody confirmed the last change" });

// VALIDATION is refused: the field tells why and has the focus, and no plan is shown.
export async function refused(page, where, label, text) {
  await validation(where).click();
  const input = field(where, label);
  await until(async () => (await input.getAttribute("aria-invalid")) === "true", `${label} is marked`);
  await until(() => input.evaluate((one) => one === document.activeElement), `${label} has the focus`);
  const said = await input.evaluate((one) => document.getElementById(one.getAttribute("aria-describedby")).innerText);
  assert(text.test(said), `${label} says: ${said}`);
  assert((await dialog(page).count()) === 0, "no plan is shown");
}
