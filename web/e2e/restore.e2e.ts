// The box may die: a replica, a look at another moment, a kit, and another box.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { Appliance, expect, person, test } from "./appliance";

test.describe.configure({ mode: "serial" });

const replica = mkdtempSync(join(tmpdir(), "unity-e2e-replica-"));
const passphrase = "a drawer in the cellar";
let kit = "";
test.afterAll(() => rmSync(replica, { recursive: true, force: true }));

async function signIn(page: Page) {
  await page.getByLabel("User name").fill(person.username);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => !url.pathname.includes("sign-in"));
}

test("a place is chosen, and the replica follows", async ({ page }) => {
  await page.goto("/settings/backup");
  await page.getByRole("button", { name: "Choose a place" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Directory").fill(replica);
  await dialog.getByRole("button", { name: "Test" }).click();
  await expect(dialog.getByText("It works:")).toBeVisible();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Everything that was done here is in the replica.")).toBeVisible();

  await page.getByRole("button", { name: "Try a restore now" }).click();
  await expect(page.getByRole("row").filter({ hasText: "Passed" })).toBeVisible({ timeout: 30_000 });
  await page.keyboard.press("Escape");
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag22aa"]).analyze();
  expect(found.violations).toEqual([]);
});

test("a recovery kit is made and downloaded", async ({ page }) => {
  await page.goto("/settings/backup/kit");
  await page.getByLabel("Passphrase of the kit").fill(passphrase);
  await page.getByLabel("The same again").fill(passphrase);
  await page.getByRole("button", { name: "Make the kit" }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download" }).click(),
  ]);
  kit = readFileSync(await file.path(), "utf8");
  expect(kit).toContain("BEGIN AGE ENCRYPTED FILE");
  expect(kit).toContain(`file://${replica}`);
});

test("another moment takes the place of this one, and can be seen first", async ({ page, appliance }) => {
  await page.waitForTimeout(2_000); // moments are a second apart
  const api = await appliance.api();
  const made = await api.post("/api/v1/servers", {
    data: { name: "mistake", host: "192.0.2.9", username: "root", auth: "password", password: "x" },
  });
  await expect(made).toBeOK();
  await expect(await api.post("/api/v1/backup/sync")).toBeOK();
  const { items } = await appliance.get<{ items: { position: string }[] }>("/api/v1/backup/points");
  await expect(
    await api.post("/api/v1/backup/restore-preview", { data: { position: items[1]?.position } }),
  ).toBeOK();
  await api.dispose();

  await page.goto("/settings/backup/preview");
  await expect(page.getByText("mistake")).toBeVisible({ timeout: 20_000 });
  await page.getByRole("button", { name: "Restore this moment" }).click();
  const dialog = page.getByRole("dialog").or(page.getByRole("alertdialog"));
  await dialog.getByRole("textbox").fill("restore");
  await dialog.getByRole("button", { name: "Restore this moment" }).click();
  await page.waitForURL(/sign-in/, { timeout: 30_000 });
  await signIn(page);
  await page.goto("/settings/backup");
  await expect(page.getByText(/Alerts and schedules are held/)).toBeVisible();
  await page.getByRole("button", { name: "Release" }).click();
  await page
    .getByRole("dialog")
    .or(page.getByRole("alertdialog"))
    .getByRole("button", { name: "Release" })
    .click();
  await expect(page.getByText(/Alerts and schedules are held/)).toBeHidden();
  await page.goto("/servers");
  await expect(page.getByText("mistake")).toBeHidden();
  appliance.state = await page.context().storageState();
});

test("an empty box comes back in the browser, with the kit", async ({ browser }) => {
  const box = await Appliance.start();
  const context = await browser.newContext({ baseURL: box.url, storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  try {
    await page.goto(box.setupURL);
    await page.getByText("Restore", { exact: false }).first().click();
    await page.getByRole("textbox", { name: "Recovery kit" }).fill(kit);
    await page.getByLabel("Passphrase of the kit").fill("the wrong one, surely");
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByText(/does not open the kit/)).toBeVisible();
    await page.getByLabel("Passphrase of the kit").fill(passphrase);
    await page.getByRole("button", { name: "Continue" }).click();
    await expect(page.getByText("What to restore")).toBeVisible({ timeout: 20_000 });
    const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag22aa"]).analyze();
    expect(found.violations).toEqual([]);
    await page.getByRole("button", { name: "Restore", exact: true }).last().click();
    await page.waitForURL(/sign-in/, { timeout: 30_000 });
    await signIn(page);
    await page.goto("/settings/backup");
    await expect(page.getByText(/Alerts and schedules are held/)).toBeVisible();
    await expect(page.getByText("Everything that was done here is in the replica.")).toBeVisible();
  } finally {
    await context.close();
    await box.stop();
  }
});
