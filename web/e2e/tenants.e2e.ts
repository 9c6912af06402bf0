// Many tenants on one appliance: the address says in which one somebody is.
import { type BrowserContext, expect, type Page, test } from "@playwright/test";

import { Appliance, test as single, person, watch } from "./appliance";

test.describe.configure({ mode: "serial" });

let appliance: Appliance;
let context: BrowserContext;
let page: Page;
let faults: string[];
let asked: { tenant: string | undefined; path: string }[];

test.beforeAll(async ({ browser }) => {
  appliance = await Appliance.start("--multi-tenancy");
  await appliance.setUp();
  appliance.command("tenant", "create", "acme", "Acme Corporation");
  context = await browser.newContext({ baseURL: appliance.url, storageState: appliance.state });
  faults = await watch(context);
});
test.afterAll(async () => {
  await context.close();
  await appliance.stop();
});
test.beforeEach(async () => {
  page = await context.newPage();
  asked = [];
  page.on("request", (sent) => {
    const { pathname } = new URL(sent.url());
    if (pathname.startsWith("/api/")) asked.push({ tenant: sent.headers()["x-tenant-id"], path: pathname });
  });
});
test.afterEach(async () => {
  await page.close();
  expect(faults).toEqual([]);
});

const live = () => page.locator("header").getByText("Live", { exact: true });

test("an address without a tenant becomes one of one's own", async () => {
  await page.goto("/servers?q=no");
  await expect(page).toHaveURL(`${appliance.url}/t/default/servers?q=no`);
  await expect(page.getByPlaceholder("Filter servers")).toHaveValue("no");
  await expect(live()).toBeVisible();
  expect(asked.filter(({ tenant }) => tenant !== "default").map(({ path }) => path)).toEqual([
    "/api/v1/auth/me",
  ]);
  await page.goto("/");
  await expect(page).toHaveURL(`${appliance.url}/t/default/`);
});

test("everything is asked of the tenant in the address, the stream too", async () => {
  await page.goto("/t/acme/servers");
  await expect(live()).toBeVisible();
  await expect(page.getByText("Acme Corporation")).toBeVisible();
  await expect(page.getByText("No servers yet")).toBeVisible();
  expect(asked.map(({ path }) => path)).toContain("/api/v1/events");
  expect(asked.filter(({ tenant }) => tenant !== "acme")).toEqual([]);
});

test("links, keys, filters, reload and back stay within it", async () => {
  await page.goto("/t/acme/");
  await page.getByRole("link", { name: "Alerts", exact: true }).first().click();
  await expect(page).toHaveURL(/\/t\/acme\/alerts$/);
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/\/t\/acme\/servers$/);
  await page.getByPlaceholder("Filter servers").fill("nas");
  await expect(page).toHaveURL(/\/t\/acme\/servers\?q=nas$/);
  await page.reload();
  await expect(page.getByPlaceholder("Filter servers")).toHaveValue("nas");
  await page.goBack();
  await expect(page).toHaveURL(/\/t\/acme\/alerts$/);
  await page.goto("/t/acme/settings/thresholds");
  await page.getByRole("link", { name: "Jobs" }).click();
  await expect(page).toHaveURL(/\/t\/acme\/settings\/jobs$/);
  expect(asked.filter(({ tenant }) => tenant !== "acme")).toEqual([]);
});

test("another tenant in the address starts anew", async () => {
  await page.goto("/t/acme/servers");
  await expect(live()).toBeVisible();
  await page.evaluate(() => history.pushState(null, "", "/t/default/servers"));
  await expect(page.getByRole("table", { name: "Servers" })).toBeVisible();
  await page.goBack();
  await expect(page.getByText("No servers yet")).toBeVisible();
  await expect(page).toHaveURL(/\/t\/acme\/servers$/);
});

test("two tabs of two tenants do not mix", async () => {
  await page.goto("/t/default/servers");
  await expect(live()).toBeVisible();
  const second = await context.newPage();
  await second.goto("/t/acme/servers");
  await expect(second.locator("header").getByText("Live", { exact: true })).toBeVisible();
  const names = await second.evaluate(async () =>
    (await navigator.locks.query()).held?.map(({ name }) => name).filter((name) => name?.includes("live")),
  );
  expect(names?.sort()).toEqual(["unity-live-acme", "unity-live-default"]);
  await second.close();
});

test("a tenant that is none says so, and leads home", async () => {
  await page.goto("/t/globex/servers");
  await expect(page.getByRole("heading", { name: "You have no access to globex" })).toBeVisible();
  await page.getByRole("link", { name: /^Go to / }).click();
  await expect(page).toHaveURL(/\/t\/default\/$/);
  await expect(live()).toBeVisible();
});

test("a tenant is downloaded as one file, and comes back under another id", async () => {
  const phrase = "harbour lantern 42";
  await page.goto("/t/default/settings/tenants?open=acme");
  await page.getByRole("button", { name: "More actions for Acme Corporation" }).click();
  await page.getByRole("menuitem", { name: "Export" }).click();
  const dialog = page.getByRole("dialog");
  const download = dialog.getByRole("button", { name: "Export", exact: true });
  await dialog.getByRole("textbox", { name: "Passphrase" }).fill("short");
  await dialog.getByRole("textbox", { name: "The same again" }).fill("short");
  await download.click();
  await expect(dialog.getByText("Choose 12 characters or more.")).toBeVisible();
  await dialog.getByRole("textbox", { name: "Passphrase" }).fill(phrase);
  await download.click();
  await expect(dialog.getByText("The two are not the same.")).toBeVisible();
  await dialog.getByRole("textbox", { name: "The same again" }).fill(phrase);
  const [file] = await Promise.all([page.waitForEvent("download"), download.click()]);
  expect(file.suggestedFilename()).toMatch(/^unity-acme-[\d-]+\.age$/);
  await expect(page.getByText(`Exported to ${file.suggestedFilename()}`, { exact: true })).toBeVisible();

  await page.goto("/t/default/settings/tenants");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByLabel("File").setInputFiles(await file.path());
  await dialog.getByRole("textbox", { name: "Passphrase" }).fill(phrase);
  await dialog.getByLabel("Id here (optional)").fill("moved");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(page).toHaveURL(/\/settings\/jobs\//);
  await expect(page.getByText(/^Tenant moved is here/)).toBeVisible();
  await page.goto("/t/moved/servers");
  await expect(page.getByText("No servers yet")).toBeVisible();
});

test("signing in leads back into the tenant", async ({ browser }) => {
  const fresh = await browser.newContext({ baseURL: appliance.url });
  const tab = await fresh.newPage();
  await tab.goto("/t/acme/settings/audit?q=login");
  await expect(tab).toHaveURL(/\/sign-in\?next=%2Ft%2Facme%2Fsettings%2Faudit%3Fq%3Dlogin$/);
  await tab.getByLabel("User name").fill(person.username);
  await tab.getByLabel("Password", { exact: true }).fill(person.password);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await expect(tab).toHaveURL(/\/t\/acme\/settings\/audit\?q=login$/);
  await expect(tab.getByRole("heading", { name: "Audit" })).toBeVisible();
  await tab.goto("/t/acme/settings/account");
  await tab.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(tab).toHaveURL(`${appliance.url}/sign-in`);
  await fresh.close();
});

single("one tenant only: no address names one", async ({ page: tab, appliance: one }) => {
  await tab.goto("/t/acme/servers?q=no");
  await expect(tab).toHaveURL(`${one.url}/servers?q=no`);
  await expect(tab.getByPlaceholder("Filter servers")).toHaveValue("no");
  await tab.getByRole("link", { name: "Alerts", exact: true }).first().click();
  await expect(tab).toHaveURL(`${one.url}/alerts`);
  await expect(tab.locator("header").getByText("Live", { exact: true })).toBeVisible();
});

single("Polish is spoken to those whose browser asks for it", async ({ browser, appliance: one }) => {
  const polish = await browser.newContext({ baseURL: one.url, storageState: one.state, locale: "pl-PL" });
  const tab = await polish.newPage();
  await tab.goto("/");
  await expect(tab.locator("html")).toHaveAttribute("lang", "pl");
  await expect(tab.getByRole("heading", { name: "Przegląd" })).toBeVisible();
  await expect(tab.locator("header").getByText("Na żywo", { exact: true })).toBeVisible();
  await tab.goto("/settings/thresholds");
  await expect(tab.getByRole("button", { name: "Dodaj próg" })).toBeVisible();
  await polish.close();
});
