// The first sign-in forces a new password; wrong ones are refused without a hint; sessions end.
import { accessible, admin, assert, button, call, check, faults, jsQR, pictures, reader, run, sees, signIn, toast, until } from "../support/spec.mjs";

const field = (page, name) => page.getByLabel(name, { exact: true });

async function enter(page, user, password) {
  await field(page, "User").fill(user);
  await field(page, "Password").fill(password);
  await button(page, "Sign in").click();
}

check("nothing but the sign-in page is shown before", async ({ page }) => {
  await page.goto("/services?x=1");
  await sees(page.getByRole("heading", { name: "Sign in" }));
  await sees(page.getByText("First sign-in: user admin, password admin"));
  const answer = await call(page, "Services/ListServices");
  assert(answer.status === 401, `ListServices: ${answer.status}`);
});

check("a wrong password is refused without telling what is wrong", async ({ page }) => {
  await enter(page, "admin", "wrong");
  await sees(page.getByRole("alert").getByText("The user name or the password is wrong."));
  await enter(page, "nobody", "admin");
  await sees(page.getByRole("alert").getByText("The user name or the password is wrong."));
});

check("the first password opens the way to a new one, and to nothing else", async ({ page }) => {
  await enter(page, "admin", "admin");
  await sees(page.getByRole("heading", { name: "Choose a new password" }));
  const answer = await call(page, "Services/ListServices");
  assert(answer.status === 401, `ListServices: ${answer.status}`);
});

check("a short, a common and a mistyped new password are refused", async ({ page }) => {
  const choose = async (one, two) => {
    await field(page, "New password").fill(one);
    await field(page, "New password again").fill(two);
    await button(page, "Set password and sign in").click();
  };
  await choose("short", "short");
  await sees(page.getByRole("alert").getByText("too short"));
  await choose("Quiet-Harbour-27", "Quiet-Harbour-28");
  await sees(page.getByRole("alert").getByText("The two entries differ."));
  await choose("password1234", "password1234");
  await sees(page.getByRole("alert").getByText("too easily guessed"));
});

check("with a good one the page that was asked for is shown", async ({ page }) => {
  await field(page, "New password").fill(admin.password);
  await field(page, "New password again").fill(admin.password);
  await button(page, "Set password and sign in").click();
  await sees(page.getByRole("heading", { name: "Services", level: 1 }));
  assert(new URL(page.url()).pathname === "/services", page.url());
});

check("the cookie is out of reach of scripts and of other sites", async ({ page }) => {
  const [cookie, ...others] = await page.context().cookies();
  assert(others.length === 0, "one cookie");
  assert(cookie.name === "__Host-aloha" && cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict", JSON.stringify({ ...cookie, value: "" }));
  assert((await page.evaluate(() => document.cookie)) === "", "scripts see no cookie");
});

check("a change without the proof of the own site is refused", async ({ page }) => {
  const answer = await call(page, "Services/ReloadService", { name: "haproxy" }, {});
  assert(answer.status === 403, `${answer.status} ${JSON.stringify(answer.body)}`);
});

check("a page that is loaded again stays signed in", async ({ page }) => {
  await page.reload();
  await sees(page.getByRole("heading", { name: "Services", level: 1 }));
});

check("a second factor is set up, asked for, and removed", async ({ browser, page }) => {
  await page.goto("/setup/account");
  const area = page.locator(".panel", { has: page.getByRole("heading", { name: "Second factor" }) });
  await area.getByLabel("Your own password").fill(admin.password);
  await button(area, "Set up").click();
  const secret = (await area.locator("code").innerText()).replace(/ /g, "");
  const code = area.getByRole("img", { name: "QR code with the secret for an authenticator application" });
  const link = await area.getByRole("link").getAttribute("href");
  assert(link.startsWith("otpauth://totp/") && link.includes(`secret=${secret}`), link);
  assert((await scan(code)) === link, "a camera reads the same");
  await accessible(page);
  await pictures(page, "second-factor");
  await area.getByLabel("Six-digit code").fill("000000");
  await button(area, "Confirm").click();
  await sees(area.getByRole("alert"));
  await area.getByLabel("Six-digit code").fill(await totp(secret));
  await button(area, "Confirm").click();
  await sees(toast(page, "The second factor is on."));

  const other = await reader(browser);
  await other.goto("/");
  await enter(other, admin.user, admin.password);
  await sees(other.getByRole("heading", { name: "Second factor" }));
  await field(other, "Six-digit code").fill("123456");
  await button(other, "Sign in").click();
  await sees(other.getByRole("alert").getByText("The code is wrong"));
  await field(other, "Six-digit code").fill(await totp(secret, 1));
  await button(other, "Sign in").click();
  await sees(other.locator(".shell"));
  await other.context().close();

  await area.getByLabel("Your own password").fill(admin.password);
  await button(area, "Remove").click();
  await sees(toast(page, "The second factor is off."));
});

check("a changed password ends the other sessions at once", async ({ browser, page }) => {
  const other = await reader(browser);
  await signIn(other, admin, "/services");
  await page.goto("/setup/account");
  const area = page.locator(".panel", { has: page.getByRole("heading", { name: "Password" }) });
  await area.getByLabel("Old password").fill("not the old one");
  await area.getByLabel("New password").fill("Calm-Lighthouse-31");
  await area.getByLabel("Confirmation").fill("Calm-Lighthouse-31");
  await button(area, "Update").click();
  await sees(area.getByRole("alert"));
  await area.getByLabel("Old password").fill(admin.password);
  await button(area, "Update").click();
  await sees(toast(page, "The password is changed."));
  await sees(other.getByText("Your session has ended. Sign in again."));
  await other.context().close();
});

check("signing out ends the session for the server too", async ({ page }) => {
  const [cookie] = await page.context().cookies();
  await page.getByRole("button", { name: "admin" }).click();
  await button(page, "Sign out").click();
  await sees(page.getByRole("heading", { name: "Sign in" }));
  assert((await page.context().cookies()).length === 0, "the cookie is gone");
  await page.context().addCookies([cookie]);
  const answer = await call(page, "Services/ListServices");
  assert(answer.status === 401, `the old session: ${answer.status}`);
  await page.context().clearCookies();
});

check("a session that another administrator ends is over in the page", async ({ page }) => {
  await signIn(page, { user: "admin", password: "Calm-Lighthouse-31" }, "/logs");
  const mine = await call(page, "Users/ListSignIns");
  const id = mine.body.signIns.find((one) => one.current).id;
  await call(page, "Users/RevokeSignIn", { id });
  await sees(page.getByText("Your session has ended. Sign in again."));
});

check("too many attempts are told, with when to try again", async ({ page }) => {
  const again = async () => {
    await Promise.all(Array.from({ length: 8 }, () => call(page, "Users/SignIn", { user: "victim", password: "wrong" })));
    const answered = page.waitForResponse((answer) => answer.url().endsWith(".Users/SignIn"));
    await enter(page, "victim", "wrong");
    return (await answered).status() === 429;
  };
  await until(again, "throttling", 120_000);
  await sees(page.getByRole("alert").getByText("Too many attempts"));
});

check("the browser had nothing to complain about", async () => {
  assert(faults().length === 0, faults().join("\n"));
});

// What a camera reads of a QR code that is drawn as a path of modules.
async function scan(code) {
  const size = Number((await code.getAttribute("viewBox")).split(" ")[2]);
  const path = await code.locator("path").getAttribute("d");
  const scale = 4;
  const pixels = new Uint8ClampedArray((size * scale) ** 2 * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)/g)) {
    for (let line = y * scale; line < (Number(y) + 1) * scale; ++line) {
      for (let column = x * scale; column < (Number(x) + 1) * scale; ++column) pixels.fill(0, (line * size * scale + column) * 4, (line * size * scale + column) * 4 + 3);
    }
  }
  return jsQR(pixels, size * scale, size * scale)?.data;
}

// RFC 6238 with SHA-1; `ahead`: of so many periods from now, since a code counts once.
async function totp(secret, ahead = 0) {
  const { createHmac } = await import("node:crypto");
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const hash = createHmac("sha1", key).update(counter).digest();
  const offset = hash[19] & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

await run();
