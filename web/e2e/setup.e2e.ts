// The first minutes of a new appliance: from the printed address to a live overview.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

import { Appliance, person, watch } from "./appliance";

test.describe.configure({ mode: "serial" });

let appliance: Appliance;

test.beforeAll(async () => {
  appliance = await Appliance.start();
});
test.afterAll(() => appliance.stop());

test("the pages before a sign-in are accessible", async ({ page }) => {
  for (const path of [appliance.setupURL, `${appliance.url}/unlock`]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.goto(path);
      await page.getByRole("heading").first().waitFor();
      const found = await new AxeBuilder({ page })
        .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
        .analyze();
      expect(found.violations, `${path} ${colorScheme}`).toEqual([]);
    }
  }
});

test("the printed address leads to a live overview", async ({ context, page }) => {
  const faults = await watch(context);
  await page.goto(appliance.setupURL);
  await expect(page.getByText("Token found")).toBeVisible();
  expect(page.url()).not.toContain("token="); // it must not stay in the history
  await page.getByLabel("User name").fill(person.username);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create administrator" }).click();

  await expect(page).toHaveURL(`${appliance.url}/`);
  await expect(page.locator("header").getByText("Live", { exact: true })).toBeVisible();
  appliance.state = await context.storageState();
  const local = await appliance.local();
  const own = page.getByRole("main").getByRole("link", { name: local.name }).first();
  await expect(own).toBeVisible();

  await own.click();
  const charts = page.locator("figure [role=img]");
  await expect(charts.first()).toBeVisible();
  // The page is never loaded again: the mark stays, and the figures move.
  await page.evaluate(() => document.body.setAttribute("data-mark", "kept"));
  const spoken = () =>
    charts.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")).join("; "));
  const before = await spoken();
  await expect.poll(spoken, { timeout: 30_000 }).not.toBe(before);
  const later = await spoken();
  await expect.poll(spoken, { timeout: 30_000 }).not.toBe(later);
  await expect(page.locator("body")).toHaveAttribute("data-mark", "kept");
  expect(faults).toEqual([]);
});

test("it is set up only once", async ({ page }) => {
  await page.goto(appliance.setupURL);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("a wrong password says so, the right one leads back to where one wanted to go", async ({ page }) => {
  await page.goto(`${appliance.url}/settings/audit`);
  await page.getByLabel("User name").fill(person.username);
  await page.getByLabel("Password", { exact: true }).fill("not this one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/settings\/audit$/);
  await expect(page.getByRole("table", { name: "Audit" }).getByText("auth.login").first()).toBeVisible();
});
