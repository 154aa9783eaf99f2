// The guide is reached from every page, shows the right chapter, and needs no sign-in.
import { readFileSync } from "node:fs";
import { accessible, assert, button, check, enter, faults, goTo, picture, reader, run, sees, until } from "../support/spec.mjs";

const chapters = JSON.parse(readFileSync(new URL("../../../wui/app/src/guide.json", import.meta.url)));
const questionMark = (page) => page.locator("main").getByRole("link", { name: "Help on this page" });

// What a link opens in a tab of its own.
async function opened(page, link) {
  const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
  await tab.waitForLoadState();
  return tab;
}

async function inView(tab, name) {
  const heading = tab.getByRole("heading", { name, exact: true });
  await sees(heading);
  const scrolled = async () => {
    const box = await heading.boundingBox();
    return box && box.y >= 0 && box.y < tab.viewportSize().height;
  };
  await until(scrolled, `${name} is in view at ${tab.url()}`);
}

check("the guide is read without a sign-in", async ({ page }) => {
  await page.goto("/guide");
  await sees(page.getByRole("heading", { name: "User guide", level: 1 }));
  assert(new URL(page.url()).pathname === "/guide/", page.url());
  await page.getByRole("main").getByRole("link", { name: "TLS and certificates" }).click();
  await sees(page.getByRole("heading", { name: "TLS and certificates", level: 1 }));
  const none = await page.goto("/guide/nothing");
  assert(none.status() === 404, `${none.status()}`);
});

check("Help opens it in a tab of its own", async ({ page }) => {
  await enter(page, undefined, "/services");
  const tab = await opened(page, page.getByRole("link", { name: "Help", exact: true }));
  await sees(tab.getByRole("heading", { name: "User guide", level: 1 }));
  await tab.close();
  await sees(page.getByRole("heading", { name: "Services", level: 1 }));
});

check("the question mark opens the chapter of the page, at its heading", async ({ page }) => {
  await goTo(page, "/config/smtp");
  const tab = await opened(page, questionMark(page));
  await inView(tab, "SMTP");
  await tab.close();
});

check("every page and every tab of it has a chapter of its own", async ({ page }) => {
  const hrefs = (links) => links.evaluateAll((all) => all.map((one) => new URL(one.href).pathname));
  const wrong = [];
  for (const path of await hrefs(page.locator(".rail .entry:not(.help)"))) {
    await goTo(page, path);
    for (const tab of new Set([path, ...(await hrefs(page.locator(".tabs a")))])) {
      await goTo(page, tab);
      const leads = await questionMark(page).getAttribute("href");
      if (!chapters[tab] || leads !== `/guide/${chapters[tab]}`) wrong.push(`${tab}: ${leads}`);
    }
  }
  assert(wrong.length === 0, wrong.join("\n"));
});

check("the French pages say that it is in English", async ({ browser, page }) => {
  const french = await reader(browser, { locale: "fr-FR", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await french.context().addCookies(await page.context().cookies());
  await french.addInitScript(() => localStorage.setItem("aloha.language", "fr"));
  await french.goto("/network");
  await sees(french.getByRole("link", { name: "Aide sur cette page (en anglais)" }));
  await button(french, "Plus").click();
  const tab = await opened(french, french.getByRole("link", { name: "Aide (en anglais)", exact: true }));
  await sees(tab.getByRole("heading", { name: "User guide", level: 1 }));
  await french.context().close();
});

const wide = { colorScheme: "light" };
const narrow = { colorScheme: "dark", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
check("every chapter at 1280 pixels, light", ({ browser }) => looked(browser, wide, "1280-light", ["index.html", "areas.html"]));
check("every chapter at 390 pixels, dark", ({ browser }) => looked(browser, narrow, "390-dark"));

// Within the window; and accessible, or some of them.
async function looked(browser, options, name, some) {
  const page = await reader(browser, options);
  const wrong = [];
  await page.goto("/guide/");
  const all = await page.locator("nav a").evaluateAll((links) => links.map((one) => one.getAttribute("href")));
  assert(all.length > 20, `${all.length} chapters`);
  for (const chapter of all) {
    await page.goto(`/guide/${chapter}`);
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    if (content > window) wrong.push(`${chapter} is ${content} pixels wide, the window ${window}`);
    if (!some || some.includes(chapter)) await accessible(page).catch((error) => wrong.push(`${chapter}: ${error.message}`));
    await picture(page, `guide-${chapter}-${name}`);
  }
  await page.context().close();
  assert(wrong.length === 0, wrong.join("\n"));
}

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run();
