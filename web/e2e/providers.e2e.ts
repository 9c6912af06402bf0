// Signing in through a real identity provider, and proving again that it is you.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { paths } from "../src/paths";
import { expect, person, test, watch } from "./appliance";

test.describe.configure({ mode: "serial" });

const program = process.env["PROVIDER"];
const name = "Harbour ID";
let provider: ChildProcess;
let issuer = "";

test.beforeAll(async ({ appliance }) => {
  if (!program) throw new Error("PROVIDER names no program: run the suite with make e2e");
  const users = ["ada:ada@example.com:true:sailors", "eve:eve@example.com:true:strangers"];
  provider = spawn(program, [
    "-attached",
    "-secret",
    "of the tests",
    ...users.flatMap((user) => ["-user", user]),
  ]);
  issuer = await new Promise<string>((resolve, reject) => {
    provider.on("error", reject);
    if (provider.stdout) createInterface(provider.stdout).once("line", resolve);
  });
  const api = await appliance.api();
  const made = await api.post("/api/v1/providers", {
    data: {
      name,
      issuer,
      client_id: "unity",
      client_secret: "of the tests",
      scopes: ["openid", "profile", "email", "groups"],
      enabled: true,
      create_users: true,
      mappings: [{ claim: "groups", value: "sailors", tenant: "default", role: "viewer" }],
    },
  });
  await expect(made).toBeOK();
  await api.dispose();
});
test.afterAll(() => {
  provider.stdin?.end();
});

test.describe("somebody new", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("comes in through the provider, with the role of their group, and leaves it", async ({
    page,
    appliance,
  }) => {
    await page.goto(paths.signIn(paths.account()));
    await page.getByRole("button", { name: `Continue with ${name}` }).click();
    await expect(page).toHaveURL(new RegExp(`^${issuer}/`));
    await page.getByLabel("User name").fill("ada");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(`${appliance.url}${paths.account()}`); // where they wanted to go
    const main = page.getByRole("main");
    await expect(main.getByText("ada", { exact: true }).first()).toBeVisible();
    await expect(main.getByText(name).first()).toBeVisible();
    await expect(page.getByRole("link", { name: "Vault" })).toHaveCount(0); // a viewer has none
    await page.goto(paths.servers());
    await expect(page.getByRole("main").getByRole("row").nth(1)).toBeVisible();
    await expect(page.getByRole("link", { name: "Add server" })).toHaveCount(0);
    await expect(page.getByRole("checkbox")).toHaveCount(0); // nothing to be done with many
    await page.goto(paths.account());

    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await expect(page).toHaveURL(`${appliance.url}${paths.signIn()}`);
    await page.getByRole("button", { name: `Continue with ${name}` }).click();
    await expect(page.getByLabel("User name")).toBeVisible(); // the provider forgot them, too
  });

  test("is told why when nothing is open to them", async ({ page }) => {
    await page.goto(paths.signIn());
    await page.getByRole("button", { name: `Continue with ${name}` }).click();
    await expect(page).toHaveURL(new RegExp(`^${issuer}/`));
    await page.getByLabel("User name").fill("eve");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("nothing here is open to you")).toBeVisible();
    await expect(page.getByRole("button", { name: "Back to sign-in" })).toBeVisible();
  });
});

test("what a token would get is shown before anybody has it", async ({ page }) => {
  await page.goto(paths.providers());
  await page
    .getByRole("button", { name: new RegExp(name) })
    .last()
    .click();
  await page.getByRole("menuitem", { name: "Try a token" }).click();
  const box = page.getByRole("dialog");
  await box.getByRole("textbox").first().fill('{"sub":"1","preferred_username":"zoe","groups":["sailors"]}');
  await box.getByRole("button", { name: "Try it" }).click();
  await expect(box.getByText("zoe", { exact: true })).toBeVisible();
  await expect(box.getByText("Viewer").first()).toBeVisible();
});

test("danger asks for a fresh proof, and then goes on where it was", async ({ browser, appliance }) => {
  const context = await browser.newContext({ baseURL: appliance.url, storageState: appliance.state });
  const faults = await watch(context);
  const page = await context.newPage();
  let stale = true; // as if the sign-in had been an hour ago
  await page.route("**/api/v1/auth/api-keys", async (route) => {
    if (!stale || route.request().method() !== "POST") return route.continue();
    return route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify({ status: 403, code: "auth.step_up_required", detail: "Confirm that it is you." }),
    });
  });
  await page.route("**/api/v1/auth/step-up", (route) => {
    stale = false;
    return route.continue();
  });
  await page.goto(paths.apiKeys());
  await page.getByRole("button", { name: "Create key" }).click();
  const form = page.getByRole("dialog", { name: "Create an API key" });
  await form.getByLabel("Name").fill("nightly");
  await form.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog", { name: "Confirm that it is you" });
  await dialog.getByLabel("Password", { exact: true }).fill("not this one");
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await expect(dialog.getByText("The password is wrong")).toBeVisible();
  await dialog.getByLabel("Password", { exact: true }).fill(person.password);
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText(/uk_default_[\w-]+/).first()).toBeVisible(); // the key is there without another press
  expect(faults).toEqual([]);
  await context.close();
});
