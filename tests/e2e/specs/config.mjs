// Every area of the Config page: edited, validated, cancelled, with wrong values.
import { accessible, assert, button, check, ctl, dialog, enter, faults, goTo, misses, run, sees, until } from "../support/spec.mjs";
import { apply, area, cancel, config, field, isLit, refused, validation, version } from "../support/forms.mjs";

const open = async (page, path, title) => {
  await goTo(page, path);
  const form = area(page, title);
  await sees(validation(form));
  return form;
};

check("the first change lights VALIDATION and CANCEL, and CANCEL takes it back", async ({ page }) => {
  const servers = await open(page, "/config", "CAS Servers");
  await isLit(servers, false);
  await field(servers, "CAS3: Address").fill("127.0.0.4");
  await isLit(servers, true);
  await isLit(area(page, "Exchange"), false);
  await cancel(servers).click();
  await isLit(servers, false);
  assert((await field(servers, "CAS3: Address").inputValue()) === "", "the row is empty again");
});

check("a server is added, gets a name by itself, and is removed by emptying its row", async ({ page }) => {
  const servers = area(page, "CAS Servers");
  await field(servers, "CAS3: Address").fill("127.0.0.4");
  const plan = await apply(page, servers, { note: "a third server" });
  assert(/CAS3/.test(plan), `the plan tells of CAS3: ${plan}`);
  assert((await config()).casServer[2].name === "CAS3", "named CAS3");
  const newest = (await ctl("config", "history")).versions.find((one) => one.running);
  assert(newest.note === "a third server", "the note is in the history");
  await field(servers, "CAS3: Address").fill("");
  await apply(page, servers);
  assert((await config()).casServer.length === 2, "two servers");
});

check("more rows come on demand", async ({ page }) => {
  const servers = area(page, "CAS Servers");
  await button(servers, "Add a server").click();
  await sees(field(servers, "CAS5: Address"));
  await isLit(servers, false);
});

check("a wrong address stands at its field, which gets the focus", async ({ page }) => {
  const servers = area(page, "CAS Servers");
  await field(servers, "CAS2: Address").fill("10.0.0.999");
  await refused(page, servers, "CAS2: Address", /10\.0\.0\.999/);
  await field(servers, "CAS2: Address").fill("127.0.0.3");
  await isLit(servers, false);
  await field(servers, "CAS1: Weight").fill("many");
  await refused(page, servers, "CAS1: Weight", /whole number/);
  await cancel(servers).click();
});

check("the version of Exchange and the listen address are an area of their own", async ({ page }) => {
  const exchange = area(page, "Exchange");
  await field(exchange, "Exchange version").selectOption({ label: "Exchange 2016" });
  await apply(page, exchange);
  assert((await config()).exchangeVersion === "EXCHANGE_2016", "2016");
  await field(exchange, "Exchange version").selectOption({ label: "Exchange 2010 (default)" });
  await field(exchange, "Listen address").fill("nowhere");
  await refused(page, exchange, "Listen address", /nowhere/);
  await field(exchange, "Listen address").fill("127.0.0.1");
  await apply(page, exchange);
  assert((await config()).exchangeVersion === undefined, "the default is not written");
});

check("options of HTTP(S) appear with the mode, and hidden values are kept", async ({ page }) => {
  const http = await open(page, "/config/http", "HTTP(s) Service");
  const mode = field(http, "HTTP(s) Service");
  await sees(field(http, "CAS Servers HTTPs port"));
  assert((await field(http, "Outlook Web App").count()) === 0, "no switches in ssl-forward");
  const port = await field(http, "CAS Servers HTTPs port").inputValue();
  await mode.selectOption("ssl-offload");
  await sees(field(http, "Outlook Web App"));
  await sees(http.getByRole("heading", { name: "Certificate" }));
  await sees(field(http, "CAS Servers HTTP port"));
  assert((await field(http, "CAS Servers HTTPs port").count()) === 0, "no HTTPS port of the servers");
  await mode.selectOption("ssl-bridge");
  await sees(field(http, "Proof"));
  assert((await field(http, "CAS Servers HTTPs port").inputValue()) === port, "the port is kept");
  await mode.selectOption("disabled");
  await misses(field(http, "Host Name"));
  await apply(page, http);
  const { http: now } = await config();
  assert(now.mode === "DISABLED" && String(now.casHttpsPort) === port, `kept: ${JSON.stringify(now)}`);
  await sees(http.getByText("disabled", { exact: true }));
});

check("HTTP(S) is offloaded with a directory switched off and one with a timeout of its own", async ({ page }) => {
  const http = area(page, "HTTP(s) Service");
  await field(http, "HTTP(s) Service").selectOption("ssl-offload");
  await field(http, "Host Name").fill("mail.example.org");
  await field(http, "CAS Servers HTTP port").fill(process.env.CAS_HTTP_PORT);
  await field(http, "Outlook Anywhere").click();
  await field(http, "Active Sync: Timeout").fill("70");
  await field(http, "Active Sync: Allowed networks").fill("127.0.0.0/8, 10.0.0.0/8");
  await apply(page, http);
  const { http: now } = await config();
  assert(now.outlookAnywhere === false && now.outlookWebApp === undefined, "only what was changed is written");
  const [directory] = now.directory;
  assert(directory.name === "ACTIVE_SYNC" && directory.timeout === "70s" && directory.allowFrom.length === 2, JSON.stringify(directory));
  await sees(http.getByText("in use", { exact: true }));
});

check("wrong values of HTTP(S) stand at their fields, those of a directory too", async ({ page }) => {
  const http = area(page, "HTTP(s) Service");
  await field(http, "Virtual Service HTTPs port").fill("70000");
  await refused(page, http, "Virtual Service HTTPs port", /70000/);
  await field(http, "Virtual Service HTTPs port").fill(process.env.HTTPS_PORT);
  await field(http, "Active Sync: Allowed networks").fill("10.0.0.0/99");
  await refused(page, http, "Active Sync: Allowed networks", /10\.0\.0\.0\/99/);
  await field(http, "Active Sync: Allowed networks").fill("");
  await field(http, "Host Name").fill("not a name");
  await refused(page, http, "Host Name", /not a name/);
  await cancel(http).click();
  assert((await field(http, "Host Name").inputValue()) === "mail.example.org", "CANCEL takes all of it back");
});

const modes = {
  disabled: [],
  clear: [0, 2],
  "ssl-forward": [1, 3],
  "ssl-offload": [1, 2],
  "clear and ssl-forward": [0, 1, 2, 3],
  "clear and ssl-offload": [0, 1, 2],
  "ssl-bridge": [1, 3],
  "clear and ssl-bridge": [0, 1, 2, 3],
};

async function everyMode(page, word, servers) {
  const mail = await open(page, `/config/${word.toLowerCase()}`, `${word}(s) Service`);
  const all = [`Virtual Service ${word} port`, `Virtual Service ${word}s port`, `${servers} ${word} port`, `${servers} ${word}s port`];
  for (const [label, shown] of Object.entries(modes)) {
    await field(mail, `${word}(s) Service`).selectOption({ label });
    for (const [index, one] of all.entries()) await until(async () => ((await field(mail, one).count()) > 0) === shown.includes(index), `${label}: ${one}`);
    const certificate = await mail.getByRole("heading", { name: "Certificate" }).count();
    assert(certificate === (/offload|bridge/.test(label) ? 1 : 0), `${label}: certificate`);
    const hub = await mail.getByRole("heading", { name: "HUB Servers" }).count();
    assert(hub === (word === "SMTP" && label !== "disabled" ? 1 : 0), `${label}: HUB servers`);
  }
  await cancel(mail).click();
  await isLit(mail, false);
}

check("IMAP: every mode has its options", ({ page }) => everyMode(page, "IMAP", "CAS Servers"));
check("POP3: every mode has its options", ({ page }) => everyMode(page, "POP3", "CAS Servers"));
check("SMTP: every mode has its options", ({ page }) => everyMode(page, "SMTP", "HUB Servers"));

check("IMAP, POP3 and SMTP are edited and applied, wrong values at their fields", async ({ page }) => {
  for (const [tab, word] of [["imap", "IMAP"], ["pop3", "POP3"], ["smtp", "SMTP"]]) {
    const mail = await open(page, `/config/${tab}`, `${word}(s) Service`);
    await field(mail, "Timeout").fill("0");
    await refused(page, mail, "Timeout", /0/);
    await field(mail, "Timeout").fill("20");
    if (!(await field(mail, "Allowed networks").isVisible())) await mail.locator("summary").click();
    await field(mail, "Allowed networks").fill("127.0.0.0/8");
    await apply(page, mail);
    const now = (await config())[tab];
    assert(/^20(s|m)$/.test(now.timeout) && now.allowFrom[0] === "127.0.0.0/8", `${tab}: ${JSON.stringify(now)}`);
    await field(mail, "Timeout").fill("");
    await apply(page, mail);
    assert((await config())[tab].timeout === undefined, `${tab}: an emptied field is absent`);
  }
});

check("HUB servers are edited with SMTP", async ({ page }) => {
  const smtp = area(page, "SMTP(s) Service");
  await field(smtp, "HUB3: Address").fill("127.0.0.4");
  await field(smtp, "HUB3: Name").fill("HUB1");
  await refused(page, smtp, "HUB3: Name", /HUB1/);
  await field(smtp, "HUB3: Name").fill("third");
  await apply(page, smtp);
  assert((await config()).hubServer[2].name === "third", "named");
  await button(smtp, "Remove HUB3").click();
  await apply(page, smtp);
});

check("RPC is switched off and on, with its ports", async ({ page }) => {
  const rpc = await open(page, "/config/rpc", "RPC Services");
  await field(rpc, "Access Point port").fill("0");
  await refused(page, rpc, "Access Point port", /0/);
  await cancel(rpc).click();
  await field(rpc, "RPC Services").click();
  await misses(field(rpc, "Access Point port"));
  await apply(page, rpc);
  assert((await config()).rpc.enabled === false, "off");
  await field(rpc, "RPC Services").click();
  await field(rpc, "Timeout").fill("30");
  await apply(page, rpc);
  const now = (await config()).rpc;
  assert(now.enabled !== false && now.timeout === "30m", JSON.stringify(now));
});

check("a plan that changes nothing says so", async ({ page }) => {
  const rpc = area(page, "RPC Services");
  await field(rpc, "Timeout").fill("1800");
  await field(rpc, "Unit").selectOption("s");
  const plan = await apply(page, rpc);
  assert(/Nothing that runs changes/.test(plan), plan);
  assert((await config()).rpc.timeout === "1800s", "kept as written");
});

check("what alohactl changes shows at once in an area that nobody edits", async ({ page }) => {
  const rpc = area(page, "RPC Services");
  await ctl("config", "set", "rpc.timeout", "35m");
  await until(async () => (await field(rpc, "Timeout").inputValue()) === "35", "the page shows 35");
  await isLit(rpc, false);
});

check("a stale form says who changed it, and either side can be taken", async ({ page }) => {
  const rpc = area(page, "RPC Services");
  await field(rpc, "Timeout").fill("36");
  await ctl("config", "set", "rpc.timeout", "37m");
  await sees(rpc.getByText(/changed this area meanwhile/));
  await sees(rpc.getByText(/root|uid/));
  assert((await validation(rpc).getAttribute("title"))?.includes("choose"), "VALIDATION waits for the choice");
  await button(rpc, "What changed?").click();
  await sees(dialog(page).getByText(/37m/));
  await page.keyboard.press("Escape");
  await button(rpc, "Take theirs").click();
  assert((await field(rpc, "Timeout").inputValue()) === "37", "theirs");
  await field(rpc, "Timeout").fill("38");
  await ctl("config", "set", "rpc.timeout", "39m");
  await button(rpc, "Keep mine").click();
  await apply(page, rpc);
  assert((await config()).rpc.timeout === "38m", "mine");
});

check("a change elsewhere is told, and the edit stands on it", async ({ page }) => {
  const rpc = area(page, "RPC Services");
  await field(rpc, "Timeout").fill("40");
  await ctl("config", "set", "imap.timeout", "41m");
  await sees(rpc.getByText(/changed other settings meanwhile/));
  await apply(page, rpc);
  const now = await config();
  assert(now.rpc.timeout === "40m" && now.imap.timeout === "41m", "both hold");
});

check("a change between the plan and Apply is noticed", async ({ page }) => {
  const rpc = area(page, "RPC Services");
  await field(rpc, "Timeout").fill("42");
  await validation(rpc).click();
  await sees(dialog(page));
  await ctl("config", "set", "rpc.timeout", "43m");
  await button(dialog(page), "Apply").click();
  await sees(rpc.getByText(/changed this area meanwhile/));
  assert((await config()).rpc.timeout === "43m", "theirs runs");
  await cancel(rpc).click();
  assert((await field(rpc, "Timeout").inputValue()) === "43", "theirs is shown");
});

check("leaving with changes asks first", async ({ page }) => {
  const rpc = area(page, "RPC Services");
  await field(rpc, "Timeout").fill("44");
  await page.getByRole("link", { name: "Services", exact: true }).first().click();
  await sees(dialog(page).getByText("Leave without validating?"));
  await button(dialog(page), "Cancel").click();
  await sees(rpc);
  await cancel(rpc).click();
});

check("a virtual service is added, with errors at its rows", async ({ page }) => {
  await goTo(page, "/config/virtual-services");
  await button(page, "Add a virtual service").click();
  const form = area(page, "Add a virtual service");
  await field(form, "Name").fill("wiki");
  await field(form, "Listener 1: Address").fill("127.0.0.1");
  await field(form, "Listener 1: Port").fill("99999");
  await field(form, "Server 1: Address").fill("127.0.0.2");
  await field(form, "Server 1: Port").fill(process.env.CAS_HTTP_PORT);
  await refused(page, form, "Listener 1: Port", /99999/);
  await field(form, "Listener 1: Port").fill(process.env.WIKI_PORT);
  await field(form, "Clients stay by").selectOption({ label: "a cookie" });
  await field(form, "Path").fill("/owa/healthcheck.htm");
  const before = await version();
  await validation(form).click();
  await button(dialog(page), "Apply").click();
  await until(async () => (await version()) > before, "it runs");
  const now = (await config()).virtualService.find((one) => one.name === "wiki");
  assert(now.server[0].name === "server1" && now.persistence.cookie && now.healthCheck.http.path === "/owa/healthcheck.htm", JSON.stringify(now));
  await sees(area(page, "wiki"));
});

check("a virtual service is edited without losing what has no field", async ({ page }) => {
  const index = (await config()).virtualService.findIndex((one) => one.name === "wiki");
  await ctl("config", "set", `virtual_service[${index}].request_id_header`, "X-Trace");
  const form = area(page, "wiki");
  await sees(form.getByText("request_id_header"));
  await field(form, "Balance").selectOption({ label: "fewest sessions" });
  await apply(page, form);
  const now = (await config()).virtualService.find((one) => one.name === "wiki");
  assert(now.balance === "LEAST_CONNECTIONS" && now.requestIdHeader === "X-Trace", JSON.stringify(now));
});

check("a virtual service is deleted after its name was typed", async ({ page }) => {
  await button(area(page, "wiki"), "Delete").click();
  await sees(dialog(page).getByText(/wiki/));
  await dialog(page).getByLabel("Type wiki to go on").fill("wiki");
  await button(dialog(page), "Apply").click();
  await until(async () => !(await config()).virtualService?.some((one) => one.name === "wiki"), "gone");
  await sees(page.getByRole("heading", { name: "Virtual services" }));
});

check("the whole configuration as text: findings at line and column, then applied", async ({ page }) => {
  await goTo(page, "/config/text");
  const editor = page.locator("textarea");
  const text = await editor.inputValue();
  await editor.fill(`${text}\nrpc_ { }\n`);
  await button(page, "Check only").click();
  const place = page.getByRole("button", { name: /line \d+, column \d+/ });
  await sees(place);
  await place.first().click();
  assert(await editor.evaluate((one) => one === document.activeElement && one.selectionStart > 0), "the cursor is there");
  await editor.fill(text.replace(/(rpc \{[^}]*timeout: )"[^"]*"/, '$1"45m"'));
  const before = await version();
  await button(page, "VALIDATION").click();
  await button(dialog(page), "Apply").click();
  await until(async () => (await version()) > before, "it runs");
  assert((await config()).rpc.timeout === "45m", "applied");
  await until(async () => (await button(page, "VALIDATION").getAttribute("aria-disabled")) === "true", "nothing is left to validate");
});

check("every area is accessible", async ({ page }) => {
  for (const path of ["/config", "/config/http", "/config/imap", "/config/smtp", "/config/virtual-services", "/config/text"]) {
    await goTo(page, path);
    await sees(page.getByRole("heading", { level: 2 }));
    await accessible(page);
  }
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

await run(async ({ page }) => enter(page, undefined, "/config"));
