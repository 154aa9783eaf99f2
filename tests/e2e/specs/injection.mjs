// Whatever clients and administrators can put into names, notes, requests and log lines is shown as text.
import { get } from "node:http";
import { assert, call, check, ctl, enter, faults, goTo, reader, run, sees, signIn } from "../support/spec.mjs";

const web = Number(process.env.WEB_PORT);
const markup = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
const intact = async (page) => assert(!(await page.evaluate(() => window.broken)), "a script of the text ran");

check("a version note", async ({ page }) => {
  const { body } = await call(page, "Configuration/GetConfig");
  const answer = await call(page, "Configuration/ApplyConfig", { source: { text: body.text }, note: markup });
  await goTo(page, "/history");
  await sees(page.getByText("<img src=x onerror=").or(page.getByText("&lt;img")));
  assert(answer.status === 200, JSON.stringify(answer.body));
  await intact(page);
});

check("the difference of two versions", async ({ page }) => {
  await ctl("config", "set", "version_note", markup.replaceAll('"', "'"));
  await goTo(page, "/history?from=1&to=running");
  await sees(page.locator(".diff-new", { hasText: "<script>window.broken=1</script>" }));
  await intact(page);
});

check("requests and agents of clients in the log", async ({ page }) => {
  await goTo(page, "/logs?level=access&q=onerror");
  await request("/owa/<img%20src=x%20onerror=window.broken=1>", { "User-Agent": markup });
  await sees(page.locator(".log-text", { hasText: "onerror" }));
  assert((await page.locator(".log img, .log script").count()) === 0, "no element of the text");
  await intact(page);
});

check("names of those who try to sign in, and their browsers", async ({ browser, page }) => {
  const other = await reader(browser, { userAgent: `Mozilla ${markup}` });
  await other.goto("/");
  await call(other, "Users/SignIn", { user: markup, password: "x" });
  await signIn(other);
  await goTo(page, "/setup/sign-ins");
  await sees(page.getByText("Mozilla <img src=x").or(page.getByText("Mozilla &lt;img")));
  await intact(page);
  await goTo(page, "/setup/audit");
  await sees(page.getByRole("row").filter({ hasText: "SignIn" }));
  await intact(page);
  await other.context().close();
});

check("filters out of a link", async ({ page }) => {
  await page.goto(`/setup/audit?events.q=${encodeURIComponent(markup)}&events.sort=${encodeURIComponent(markup)}`);
  await sees(page.getByText("No row matches the filter."));
  await page.goto(`/history?from=${encodeURIComponent(markup)}&to=${encodeURIComponent(markup)}`);
  await sees(page.getByRole("heading", { name: "History", level: 1 }));
  await intact(page);
});

check("a script that got in all the same would not run: the policy of the pages", async ({ page }) => {
  const { policy, ran } = await page.evaluate(async () => {
    const answer = await fetch("/");
    const box = document.createElement("div");
    const refused = new Promise((resolve) => document.addEventListener("securitypolicyviolation", (event) => event.violatedDirective === "script-src-attr" && resolve()));
    box.innerHTML = '<img src="data:," onerror="window.broken=1">';
    document.body.append(box);
    await refused;
    box.remove();
    return { policy: answer.headers.get("Content-Security-Policy"), ran: window.broken };
  });
  assert(!ran, "an inline handler ran");
  assert(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'") && !policy.includes("unsafe-inline"), policy);
});

check("the browser had nothing to complain about but that", async () => {
  const others = faults().filter((text) => !/inline event handler/.test(text));
  assert(others.length === 0, others.join("\n"));
});

function request(path, headers) {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port: web, path, headers }, (answer) => answer.resume().on("end", resolve)).on("error", reject);
  });
}

await run(async ({ page }) => enter(page));
