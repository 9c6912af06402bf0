// What is in a cluster, in a browser: lists that live, one object, its changes, logs and terminal.
import type { Page } from "@playwright/test";

import { expect, test } from "./appliance";
import { Kubernetes } from "./kubernetes";

test.describe.configure({ mode: "serial" });

let plane: Kubernetes;
let cluster = "";

const deployment = (name: string, replicas: number) => ({
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [{ name: "main", image: `registry.test/${name}:1`, ports: [{ containerPort: 8080 }] }],
      },
    },
  },
});

const pod = (name: string) => ({
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: "main", image: "registry.test/one:1" }] },
});

test.beforeAll(async ({ appliance }) => {
  plane = await Kubernetes.start("-nodes", "2");
  await plane.ask("POST", "/api/v1/namespaces", { metadata: { name: "shop" } });
  await expect
    .poll(() => plane.ask("GET", "/api/v1/namespaces/shop/serviceaccounts/default").catch(() => undefined))
    .toBeDefined();
  await plane.ask("POST", "/apis/apps/v1/namespaces/shop/deployments", deployment("web", 3));
  await plane.ask("POST", "/apis/apps/v1/namespaces/shop/deployments", deployment("cache", 1));
  const api = await appliance.api();
  const made = await api.post("/api/v1/clusters", {
    data: { name: "homelab", kubeconfig: plane.kubeconfig },
  });
  await expect(made).toBeOK();
  cluster = ((await made.json()) as { id: string }).id;
  await api.dispose();
});
test.afterAll(() => plane?.stop());

const rows = (page: Page, kind = "Pod") => page.getByRole("grid", { name: kind }).locator("[data-index]");

/** Pastes a text, as a person does. */
const paste = (page: Page, text: string) =>
  page.locator(".cm-content").evaluate((editor, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);

const object = (kind: string, name: string, tab = "") =>
  `/clusters/${cluster}/object?kind=${kind}&namespace=shop&name=${name}${tab && `&tab=${tab}`}`;

test("pods are listed, and one that comes or goes is seen without a reload", async ({ page }) => {
  await page.goto(`/clusters/objects?kind=pods&namespaces=shop&clusters=${cluster}`);
  await expect(rows(page)).toHaveCount(4);
  await expect(rows(page).filter({ hasText: "Running" })).toHaveCount(4);
  await plane.ask("POST", "/api/v1/namespaces/shop/pods", pod("alone"));
  await expect(rows(page).filter({ hasText: "alone" })).toContainText("Running");
  await plane.ask("DELETE", "/api/v1/namespaces/shop/pods/alone");
  await expect(rows(page).filter({ hasText: "alone" })).toHaveCount(0);
});

test("the list is filtered, sorted and told another kind, and the address says so", async ({ page }) => {
  await page.goto(`/clusters/objects?kind=pods&namespaces=shop&clusters=${cluster}`);
  await expect(rows(page)).toHaveCount(4);
  await page.keyboard.press("/");
  await page.keyboard.type("cache");
  await expect(page).toHaveURL(/q=cache/);
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
  await page.getByLabel("Filter by name").fill("nobody");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
  await expect(page).toHaveURL(/sort=-name/);
  await page.getByRole("button", { name: /^Kind/ }).click();
  await page.getByLabel("Find a kind").fill("deploy");
  await page
    .getByRole("button", { name: /^Deployment/ })
    .first()
    .click();
  await expect(rows(page, "Deployment").filter({ hasText: "web" })).toContainText("3/3");
});

test("a deployment is scaled after a look at the change, and the list follows", async ({ page }) => {
  await page.goto(object("deployments.apps", "web"));
  await expect(page.getByRole("heading", { level: 1, name: "web" })).toBeVisible();
  await page.getByRole("button", { name: "Scale" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Replicas").fill("5");
  await expect(dialog.getByRole("region", { name: "What changes" })).toContainText("replicas: 5");
  await dialog.getByRole("button", { name: "Scale" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("5 of 5 ready")).toBeVisible();
  for (const tab of ["Events", "Related", "Usage", "YAML"]) {
    await page.getByRole("link", { name: tab, exact: true }).click();
    await expect(page.getByRole("link", { name: tab, exact: true })).toHaveAttribute("aria-current", "page");
  }
  await expect(page.getByLabel("YAML of web")).toContainText("replicas: 5");
});

test("YAML is edited, and what would change is shown before it is saved", async ({ page }) => {
  await page.goto(object("deployments.apps", "cache", "yaml"));
  await expect(page.getByLabel("YAML of cache")).toContainText("kind: Deployment");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const line = page.locator(".cm-line", { hasText: /^ {2}replicas: 1$/ });
  await line.click();
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("2");
  await page.getByRole("button", { name: "Review changes" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("replicas: 2");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  await expect
    .poll(async () => {
      const { spec } = await plane.ask<{ spec: { replicas: number } }>(
        "GET",
        "/apis/apps/v1/namespaces/shop/deployments/cache",
      );
      return spec.replicas;
    })
    .toBe(2);
});

test("two documents with one bad change nothing, and the bad one says its line", async ({ page }) => {
  await page.goto(`/clusters/apply?cluster=${cluster}&namespace=shop`);
  const text = page.locator(".cm-content");
  await text.click();
  const good = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\n";
  await paste(page, `${good}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad_Name\n`);
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByText("1 of 2 documents cannot be applied")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Apply/ })).toBeHidden();
  await page.getByRole("button", { name: "line 9" }).click();
  await expect(text).toBeFocused();
  await page.keyboard.press("Control+a");
  await paste(page, good);
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("button", { name: "Apply 1 document" }).click();
  await expect(page.getByText("Applied", { exact: true })).toBeVisible();
  await plane.ask("GET", "/api/v1/namespaces/shop/configmaps/colours");
});

test("the logs of all pods of a workload are followed", async ({ page }) => {
  await page.goto(object("deployments.apps", "web", "logs"));
  const log = page.getByRole("log");
  await expect(log).toContainText(/web-\S+\[main\]|line \d+/);
  await expect(page.getByText(/5 of 5\scontainers/)).toBeVisible();
});

test("a terminal says what is typed and learns its size", async ({ page }) => {
  const { items } = await plane.ask<{ items: { metadata: { name: string } }[] }>(
    "GET",
    "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb",
  );
  await page.goto(object("pods", items[0]?.metadata.name ?? "", "terminal"));
  await expect(page.getByText("Connected")).toBeVisible();
  const screen = page.locator(".xterm-rows");
  await page.locator(".xterm-helper-textarea").pressSequentially("echo here-i-am\n");
  await expect(screen).toContainText("here-i-am");
  await page.getByRole("button", { name: "New terminal" }).click();
  await expect(page.getByRole("tab")).toHaveCount(2);
});

test("an object is found by its name from anywhere, and deleted by naming it", async ({ page }) => {
  await plane.ask("POST", "/api/v1/namespaces/shop/pods", pod("lonely"));
  await page.goto("/");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("pods lonely");
  await page.getByRole("option", { name: /^lonely/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: "lonely" })).toBeVisible();
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  const remove = dialog.getByRole("button", { name: "Delete lonely" });
  await expect(remove).toBeDisabled();
  await dialog.getByRole("textbox").fill("lonely");
  await remove.click();
  await expect(page.getByText("lonely is not there")).toBeVisible({ timeout: 45_000 });
});
