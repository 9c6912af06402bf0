// How people prove who they are: second factor, invitations, links, keys.
import type { Page } from "@playwright/test";
import { request } from "@playwright/test";

import { paths } from "../src/paths";
import { type Appliance, expect, person, test, watch } from "./appliance";
import { totp } from "./totp";

test.describe.configure({ mode: "serial" });

const period = 30_000;

async function enterPassword(page: Page, { username, password } = person): Promise<void> {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** What the API answers to a POST of the administrator. */
async function post<T>(appliance: Appliance, path: string, data: object): Promise<T> {
  const api = await appliance.api();
  const response = await api.post(path, { data });
  await expect(response).toBeOK();
  const body = (await response.json()) as T;
  await api.dispose();
  return body;
}

/** A browser in which nobody is signed in. */
const stranger = { cookies: [], origins: [] };

test.describe("second factor", () => {
  const uma = { username: "uma", password: "staple battery 7" };
  let secret = "";
  let codes: string[] = [];
  let used = ""; // the code used last
  test.use({ storageState: stranger });

  /** A code that was not used yet, of this period or of the next one. */
  const fresh = () => [totp(secret), totp(secret, Date.now() + period)].find((code) => code !== used) ?? "";

  test("an authenticator app is set up, and recovery codes are shown once", async ({ page, appliance }) => {
    await post(appliance, "/api/v1/users", { ...uma, role: "member" });
    await page.goto(paths.signIn(paths.account()));
    await enterPassword(page, uma);
    await page.getByRole("button", { name: "Set up" }).click();
    const dialog = page.getByRole("dialog", { name: "Set up an authenticator app" });
    await expect(dialog.getByRole("img", { name: /QR/ })).toBeVisible();
    secret = ((await dialog.locator("code").first().textContent()) ?? "").replaceAll(" ", "");
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);

    await dialog.getByLabel("Code").fill("000000");
    await dialog.getByRole("button", { name: "Confirm code" }).click();
    await expect(dialog.getByText("That code is wrong")).toBeVisible();
    used = totp(secret);
    await dialog.getByLabel("Code").fill(used);
    await dialog.getByRole("button", { name: "Confirm code" }).click();

    const shown = page.getByRole("dialog", { name: "Keep your recovery codes" });
    await expect(shown.getByRole("listitem")).toHaveCount(10);
    codes = await shown.getByRole("listitem").allTextContents();
    const download = page.waitForEvent("download");
    await shown.getByRole("link", { name: "Download as text" }).click();
    expect((await download).suggestedFilename()).toBe("unity-recovery-codes.txt");
    await page.keyboard.press("Escape");
    await expect(shown, "not before they are kept").toBeVisible();
    await shown.getByLabel("I have kept them").check();
    await shown.getByRole("button", { name: "Done" }).click();
    await expect(page.getByText("10 left")).toBeVisible();
  });

  test("a code signs in once, and not again", async ({ page, context }) => {
    await page.goto(paths.signIn(paths.account()));
    await enterPassword(page, uma);
    const field = page.getByLabel("Code");
    await expect(field).toBeFocused();
    await field.fill(used); // it confirmed the app
    await expect(page.getByText("was used before")).toBeVisible();
    used = fresh();
    await field.fill(used); // six digits are sent by themselves
    await expect(page.getByText("Authenticator app")).toBeVisible();
    await expect(page).toHaveURL(new RegExp(`${paths.account()}$`));

    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    expect((await context.cookies()).filter((cookie) => cookie.value)).toEqual([]);
    await enterPassword(page, uma);
    await page.getByLabel("Code").fill(used);
    await expect(page.getByText("was used before")).toBeVisible();
    await page.getByRole("button", { name: "Back" }).click();
    await expect(page.getByLabel("User name")).toBeVisible();
  });

  test("a recovery code signs in once, and the app is removed", async ({ page }) => {
    const enter = async () => {
      await page.goto(paths.signIn(paths.account()));
      await enterPassword(page, uma);
      await page.getByRole("button", { name: "Use a recovery code" }).click();
      await page.getByLabel("Recovery code").fill(codes[0] ?? "");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    };
    await enter();
    await expect(page.getByText("9 left")).toBeVisible();
    await page.context().clearCookies();
    await enter();
    await expect(page.getByText("was used before")).toBeVisible();
    await page.getByLabel("Recovery code").fill(codes[1] ?? "");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await expect(page.getByText("8 left")).toBeVisible();

    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove app" }).click();
    await expect(page.getByText("Authenticator app removed", { exact: true })).toBeVisible();
    await page.context().clearCookies();
    await page.goto(paths.signIn(paths.sessions()));
    await enterPassword(page, uma);
    await expect(page).toHaveURL(new RegExp(`${paths.sessions()}$`));
  });

  test("a sign-in that took too long begins again, and says why", async ({ page }) => {
    await page.route("**/api/v1/auth/login", (route) =>
      route.fulfill({ json: { challenge: "gone", methods: ["totp", "recovery"] } }),
    );
    await page.goto(paths.signIn());
    await enterPassword(page, uma);
    await page.getByLabel("Code").fill("123456");
    await expect(page.getByText("That took too long")).toBeVisible();
    await expect(page.getByLabel("User name")).toBeVisible();
  });
});

test("an invitation makes a member of who has no account, once", async ({ browser, appliance }) => {
  const { url } = await post<{ url: string }>(appliance, "/api/v1/invitations", { role: "viewer" });
  const context = await browser.newContext({ baseURL: appliance.url, storageState: stranger });
  const faults = await watch(context);
  const page = await context.newPage();
  await page.goto(`${paths.invitation()}${new URL(url).hash}`);
  await expect(page.getByText(`${person.username} invites you.`)).toBeVisible();
  expect(page.url(), "the token is out of the address").not.toContain("token");
  await page.getByLabel("User name").fill("vera");
  await page.getByLabel("Password", { exact: true }).fill("a long way 2 go");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page).toHaveURL(`${appliance.url}/`);
  await page.goto(paths.account());
  await expect(page.getByText("Viewer", { exact: true })).toBeVisible();

  await page.goto(`${paths.invitation()}${new URL(url).hash}`);
  await expect(page.getByText("This invitation was used")).toBeVisible();
  expect(faults).toEqual([]);
  await context.close();
});

test("an invitation waits for somebody to sign in, and tells who joins", async ({ browser, appliance }) => {
  const { url } = await post<{ url: string }>(appliance, "/api/v1/invitations", { role: "member" });
  const context = await browser.newContext({ baseURL: appliance.url, storageState: stranger });
  const page = await context.newPage();
  await page.goto(`${paths.invitation()}${new URL(url).hash}`);
  await page.getByRole("link", { name: "I have an account" }).click();
  await enterPassword(page);
  await page.getByRole("button", { name: `Join as ${person.username}` }).click();
  await expect(page.getByText("You are a member there already")).toBeVisible();
  await context.close();
});

test("a link sets a new password, once", async ({ browser, appliance }) => {
  const { items } = await appliance.get<{ items: { id: string; username: string }[] }>(
    "/api/v1/users?q=vera",
  );
  const { url } = await post<{ url: string }>(appliance, `/api/v1/users/${items[0]?.id}/reset-password`, {});
  const context = await browser.newContext({ baseURL: appliance.url, storageState: stranger });
  const page = await context.newPage();
  const password = "quite another 3";
  await page.goto(`${paths.reset()}${new URL(url).hash}`);
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("New password again").fill("something else");
  await page.getByRole("button", { name: "Set password" }).click();
  await expect(page.getByText("Not the same as above")).toBeVisible();
  await page.getByLabel("New password again").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
  await expect(page.getByText("Password set", { exact: true })).toBeVisible();
  await enterPassword(page, { username: "vera", password });
  await expect(page).toHaveURL(`${appliance.url}/`);

  await page.goto(`${paths.reset()}${new URL(url).hash}`);
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("New password again").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
  await expect(page.getByRole("heading", { name: "This link does not work" })).toBeVisible();
  await context.close();
});

test("an API key works until it is deleted", async ({ page, appliance }) => {
  await page.goto(paths.apiKeys());
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog", { name: "Create an API key" });
  await dialog.getByLabel("Name").fill("backup script");
  await dialog.getByLabel("Runs out").selectOption("In 30 days");
  await dialog.getByText("Choose", { exact: true }).click();
  await dialog.getByRole("button", { name: "Create key" }).click();
  await expect(dialog.getByText("Tick at least one permission")).toBeVisible();
  await dialog.getByRole("group", { name: "Servers" }).getByLabel("Read").check();
  await dialog.getByRole("button", { name: "Create key" }).click();

  const made = page.getByRole("dialog", { name: "Copy the key now" });
  const key = (await made.locator("code").first().textContent()) ?? "";
  expect(key).toMatch(/^uk_/);
  await expect(made.locator("code").last()).toContainText(`curl -H "Authorization: Bearer ${key}"`);
  await made.getByRole("button", { name: "Done" }).click();

  const program = await request.newContext({
    baseURL: appliance.url,
    storageState: stranger,
    extraHTTPHeaders: { Authorization: `Bearer ${key}` },
  });
  await expect(await program.get("/api/v1/servers")).toBeOK();
  expect((await program.get("/api/v1/alerts")).status()).toBe(403);
  const row = page.getByRole("row", { name: "backup script" });
  await expect(row.getByTitle("Read servers")).toHaveText(/1.permission/);
  await row.getByRole("button", { name: "Delete backup script" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete key" }).click();
  await expect(row).toBeHidden();
  expect((await program.get("/api/v1/servers")).status()).toBe(401);
  await program.dispose();
});

test("what one prefers is in force at once, and on the next sign-in elsewhere", async ({
  page,
  browser,
  appliance,
}) => {
  await page.goto(paths.account());
  await page.getByText("Dark", { exact: true }).click();
  const saved = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.getByLabel("Time zone").fill("Asia/Tokyo");
  await saved;
  await expect(page.getByLabel("Time zone")).toHaveValue("Asia/Tokyo");
  const context = await browser.newContext({ baseURL: appliance.url, storageState: stranger });
  const other = await context.newPage();
  await other.goto(paths.signIn(paths.account()));
  await enterPassword(other);
  await expect(other.getByLabel("Time zone")).toHaveValue("Asia/Tokyo");
  await expect(other.locator("html")).toHaveAttribute("data-theme", "dark");
  await context.close();

  await page.getByLabel("Time zone").fill("Nowhere/Else");
  await page.getByLabel("Time zone").blur();
  await expect(page.getByText("There is no such time zone")).toBeVisible();
  await page.getByLabel("Time zone").fill("");
  await page.getByText("System", { exact: true }).click();
  await page.getByLabel("E-mail").fill("lea@example.com");
  await page.getByRole("button", { name: "Save e-mail" }).click();
  await expect(page.getByText("E-mail saved", { exact: true })).toBeVisible();
});
