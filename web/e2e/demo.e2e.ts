// The demo: a club with its machines, seen by somebody who may only look.
import { Appliance, expect, test as base } from "./appliance";

const test = base.extend<object, { appliance: Appliance }>({
  appliance: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const appliance = await Appliance.demo();
      await appliance.signIn("vera");
      await use(appliance);
      await appliance.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

test("a viewer sees the servers of the club, one of them down", async ({ page }) => {
  await page.goto("/servers");
  const rows = page.getByRole("table", { name: "Servers" }).getByRole("row");
  await expect(rows).toHaveCount(9); // with its head
  const camera = rows.filter({ has: page.getByRole("link", { name: "pier-cam" }) });
  await expect(camera.getByText("Down")).toBeVisible();
  await expect(camera.getByText(/There is no route to pier-cam/)).toBeVisible();
  const database = rows.filter({ has: page.getByRole("link", { name: "results" }) });
  await expect(database.getByText("Up")).toBeVisible();
  await expect(database.getByText(/^\d+\s%$/).first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText("home.arpa")).toHaveCount(0);
});

test("its alert fires, and others did before", async ({ page }) => {
  await page.goto("/alerts");
  await expect(page.getByRole("link", { name: "Not answering" })).toBeVisible();
  await page.getByText("Resolved", { exact: true }).click();
  await expect(page.getByRole("link", { name: "Not answering" }).first()).toBeVisible();
});

test("charts begin hours before the demo did", async ({ page, appliance }) => {
  const { items } = await appliance.get<{ items: { id: string; name: string }[] }>("/api/v1/servers");
  const id = items.find((server) => server.name === "results")?.id ?? "";
  const from = Date.now() - 6 * 3600_000;
  const { series } = await appliance.get<{ series: { points: unknown[] }[] }>(
    `/api/v1/servers/${id}/metrics?names=node_memory_used_bytes&step=0&from=${from}`,
  );
  expect(series[0]?.points.length).toBeGreaterThan(300);
  await page.goto(`/servers/${id}`);
  await expect(page.getByRole("heading", { level: 1, name: "results" })).toBeVisible();
});

test("the printed password signs in on the page", async ({ browser, appliance }) => {
  const context = await browser.newContext({
    baseURL: appliance.url,
    storageState: { cookies: [], origins: [] },
  });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByLabel("User name").fill("vera");
  await page.getByLabel("Password", { exact: true }).fill(appliance.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("link", { name: "pier-cam" }).first()).toBeVisible();
  await context.close();
});
