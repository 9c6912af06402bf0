// What holds for every page: the policy, the keyboard, one stream for all tabs.
import type { Page, Request } from "@playwright/test";

import { expect, test, watch } from "./appliance";

const live = (tab: Page) => tab.locator("header").getByText("Live", { exact: true });

test("the policy allows no inline script and no inline style without a nonce", async ({ page }) => {
  const response = await page.goto("/");
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("script-src 'self'");
  expect(policy).toMatch(/style-src 'self' 'nonce-[^']+'/);
  expect(policy).not.toContain("unsafe-");
});

test("a page that broke the policy would be seen", async ({ browser, appliance }) => {
  const context = await browser.newContext({ baseURL: appliance.url });
  const faults = await watch(context);
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'broken'";
    document.head.append(script);
  });
  await expect.poll(() => faults.join()).toContain("script-src");
  expect(await page.title()).not.toBe("broken");
  await context.close();
});

test("a dialog takes the keyboard and gives it back", async ({ page }) => {
  await page.goto("/settings/thresholds");
  const add = page.getByRole("button", { name: "Add threshold" });
  await add.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Add threshold" });
  await expect(dialog.getByLabel("Name")).toBeFocused();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(add).toBeFocused();
});

test("a menu is walked with arrows, and muting by keyboard works", async ({ page }) => {
  await page.goto("/settings/thresholds");
  const more = page.getByRole("button", { name: "More actions for Disk nearly full" });
  await more.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Edit" })).toBeFocused();
  await page.keyboard.press("End");
  await expect(page.getByRole("menuitem", { name: "1 week" })).toBeFocused();
  await page.keyboard.press("Enter");
  const row = page.getByRole("row").filter({ hasText: "Disk nearly full" });
  await expect(row.getByText("Muted")).toBeVisible();
  await more.press("Enter");
  await page.getByRole("menuitem", { name: "Unmute" }).press("Enter");
  await expect(row.getByText("Muted")).toBeHidden();
});

test("keys lead everywhere", async ({ page, appliance }) => {
  await page.goto("/");
  await expect(live(page)).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/\/servers$/);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page).toHaveURL(/\/alerts$/);
  const local = await appliance.local();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Search or jump to" })).toBeFocused();
  await page.keyboard.type(local.name);
  await expect(page.getByRole("option", { name: local.name })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`/servers/${local.id}`);
});

test("two tabs share one stream, and the second takes over", async ({ page, context }) => {
  const streams: Page[] = [];
  context.on("request", (sent: Request) => {
    if (new URL(sent.url()).pathname.endsWith("/api/v1/events")) streams.push(sent.frame().page());
  });
  await page.goto("/servers");
  await expect(live(page)).toBeVisible();
  const second = await context.newPage();
  await second.goto("/servers");
  await expect(live(second)).toBeVisible();
  // Samples reach the tab that reads no stream itself.
  const cell = second.getByRole("table", { name: "Servers" }).getByRole("row").nth(1);
  const before = await cell.textContent();
  await expect.poll(() => cell.textContent(), { timeout: 15_000 }).not.toBe(before);
  expect(streams.length).toBeGreaterThan(0);
  expect(streams.every((tab) => tab === page)).toBe(true);
  await page.close();
  await expect.poll(() => streams.includes(second)).toBe(true);
  await expect(live(second)).toBeVisible();
});

test("settings are saved, and every tab sees it", async ({ page, context }) => {
  await page.goto("/settings");
  const second = await context.newPage();
  await second.goto("/settings");
  await expect(second.getByLabel("Keep metrics for")).toHaveValue(/\d+/);
  await page.getByLabel("Keep metrics for").fill("21");
  await page.getByRole("button", { name: "Save monitoring" }).click();
  await expect(page.getByText("Monitoring saved", { exact: true })).toBeVisible();
  await expect(second.getByLabel("Keep metrics for")).toHaveValue("21");
});
