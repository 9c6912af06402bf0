// Every page, in both themes: nothing that axe finds, nothing wider than a phone.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { paths } from "../src/paths";
import { type Appliance, expect, test } from "./appliance";
import { drawn } from "./person";

const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
const rule = "Always over";
const outside = new Set([
  "setup",
  "restarting",
  "signIn",
  "signInRestored",
  "signInCallback",
  "signInLink",
  "reset",
  "invitation",
  "unlock",
]);

/** The address of every page, with things that exist in it. */
async function addresses(appliance: Appliance): Promise<Record<string, string>> {
  const { id } = await appliance.local();
  const { items: jobs } = await appliance.get<{ items: { id: string }[] }>("/api/v1/jobs");
  const { items: alerts } = await appliance.get<{ items: { id: string }[] }>("/api/v1/alerts?state=all");
  const ids: Record<string, string | undefined> = { job: jobs[0]?.id, alert: alerts[0]?.id };
  const { items: clusters } = await appliance.get<{ items: { id: string }[] }>("/api/v1/clusters");
  const cluster = clusters[0]?.id ?? "";
  const all: Record<string, string> = {};
  for (const [name, build] of Object.entries(paths)) {
    if (outside.has(name)) continue;
    const of = name.startsWith("cluster") ? cluster : (ids[name] ?? id);
    all[name] = (build as (id?: string) => string)(build.length > 0 ? of : undefined);
  }
  all["object"] = paths.object({ cluster, kind: "nodes", namespace: "", name: "a" });
  return all;
}

async function settled(page: Page): Promise<void> {
  await page.locator("main").first().waitFor();
  await page.waitForLoadState("load");
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

async function violations(page: Page): Promise<unknown[]> {
  await drawn(page);
  const found = await new AxeBuilder({ page }).withTags(tags).analyze();
  return found.violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html.slice(0, 200))]);
}

// A cluster that nobody runs: its pages show why there is nothing.
const nowhere = `apiVersion: v1
kind: Config
clusters: [{name: attic, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: lea, user: {token: none}}]
contexts: [{name: attic, context: {cluster: attic, user: lea}}]
current-context: attic
`;

test.beforeAll(async ({ appliance }) => {
  // A cluster, a job and an alert, so that their pages have something to show.
  const api = await appliance.api();
  const { id } = await appliance.local();
  await expect(await api.post(`/api/v1/servers/${id}/snapshots`)).toBeOK();
  await expect(await api.post("/api/v1/clusters", { data: { name: "attic", kubeconfig: nowhere } })).toBeOK();
  const threshold = {
    name: rule,
    metric: "memory_percent",
    condition: "gt",
    value: 0,
    severity: "warning",
    enabled: true,
  };
  await expect(await api.post("/api/v1/thresholds", { data: threshold })).toBeOK();
  await api.dispose();
  await expect
    .poll(async () => (await appliance.get<{ firing: number }>("/api/v1/alerts/stats")).firing, {
      timeout: 30_000,
    })
    .toBeGreaterThan(0);
});

test.afterAll(async ({ appliance }) => {
  const { items } = await appliance.get<{ items: { id: string }[] }>(
    `/api/v1/thresholds?q=${encodeURIComponent(rule)}`,
  );
  const api = await appliance.api();
  for (const { id } of items) await expect(await api.delete(`/api/v1/thresholds/${id}`)).toBeOK();
  const { items: clusters } = await appliance.get<{ items: { id: string }[] }>("/api/v1/clusters?q=attic");
  for (const { id } of clusters) await expect(await api.delete(`/api/v1/clusters/${id}`)).toBeOK();
  await api.dispose();
});

test("every page is accessible in both themes", async ({ page, appliance }) => {
  test.setTimeout(120_000);
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const [name, path] of Object.entries(await addresses(appliance))) {
    await page.goto(path);
    await settled(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect.soft(await violations(page), `${name} ${path} ${colorScheme}`).toEqual([]);
    }
  }
});

test("no page is wider than a phone", async ({ page, appliance }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const [name, path] of Object.entries(await addresses(appliance))) {
    await page.goto(path);
    await settled(page);
    expect.soft(await page.evaluate(() => document.documentElement.scrollWidth), name).toBe(360);
  }
});

test("dialogs and panels of the product are accessible on a phone", async ({ page, appliance }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  const { alert } = await addresses(appliance);
  await page.goto(alert ?? "");
  await settled(page);
  expect.soft(await violations(page), "panel").toEqual([]);
  for (const [path, button] of [
    [paths.thresholds(), "Add threshold"],
    [paths.channels(), "Add channel"],
    [paths.silences(), "Add silence"],
  ] as const) {
    await page.goto(path);
    await page.getByRole("button", { name: button }).first().click();
    await page.getByRole("dialog").waitFor();
    expect.soft(await violations(page), button).toEqual([]);
  }
});

test.describe("signed out", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("what strangers see is accessible", async ({ page }) => {
    const links = [`${paths.signInLink()}#token=x`, `${paths.reset()}#token=x`, paths.invitation()];
    for (const path of [paths.signIn(), ...links, `${paths.signInCallback()}?error=denied`]) {
      await page.goto(path);
      await page.getByRole("button").first().waitFor();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        expect.soft(await violations(page), `${path} ${colorScheme}`).toEqual([]);
      }
    }
  });
});
