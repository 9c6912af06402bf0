// Invitations, links, keys, and how people like their pages.
import { request } from "@playwright/test";

import { paths } from "../src/paths";
import { type Appliance, expect, person, test, watch } from "./appliance";
import { enterPassword, expectAccessible } from "./person";

/** What the API answers to a POST of the administrator. */
async function post<T>(appliance: Appliance, path: string, data: object): Promise<T> {
  const api = await appliance.api();
  const response = await api.post(path, { data });
  await expect(response).toBeOK();
  const body = (await response.json()) as T;
  await api.dispose();
  return body;
}

/** The administrator proves who they are again, since dangerous things ask for a proof of these minutes. */
test.beforeAll(async ({ appliance }) => {
  const api = await appliance.api();
  await expect(await api.post("/api/v1/auth/step-up", { data: { password: person.password } })).toBeOK();
  await api.dispose();
});

/** A browser in which nobody is signed in. */
const stranger = { cookies: [], origins: [] };

test("an invitation makes a member of who has no account, once", async ({ browser, appliance }) => {
  const { url } = await post<{ url: string }>(appliance, "/api/v1/invitations", { role: "viewer" });
  const context = await browser.newContext({ baseURL: appliance.url, storageState: stranger });
  const faults = await watch(context);
  const page = await context.newPage();
  await page.goto(`${paths.invitation()}${new URL(url).hash}`);
  await expect(page.getByText(`${person.username} invites you.`)).toBeVisible();
  expect(page.url(), "the token is out of the address").not.toContain("token");
  await expectAccessible(page);
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
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible(); // the form before has the same fields
  await enterPassword(page);
  await page.getByRole("button", { name: `Join as ${person.username}` }).click();
  await expect(page.getByText("You are a member there already")).toBeVisible();
  await context.close();
});

test("a link sets a new password, once", async ({ browser, appliance }) => {
  const user = { username: "wim", password: "not the last 1" };
  const { id } = await post<{ id: string }>(appliance, "/api/v1/users", { ...user, role: "member" });
  const { url } = await post<{ url: string }>(appliance, `/api/v1/users/${id}/reset-password`, {});
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
  await enterPassword(page, { ...user, password });
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
  await expectAccessible(page);
  await dialog.getByRole("group", { name: "Servers" }).getByLabel("Read").check();
  await dialog.getByRole("button", { name: "Create key" }).click();

  const made = page.getByRole("dialog", { name: "Copy the key now" });
  const key = (await made.locator("code").first().textContent()) ?? "";
  expect(key).toMatch(/^uk_/);
  await expect(made.locator("code").last()).toContainText(`curl -H "Authorization: Bearer ${key}"`);
  await expectAccessible(page);
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
