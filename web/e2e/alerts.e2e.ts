// From a threshold that is crossed to somebody who is told, and back to calm.
import { expect, test } from "./appliance";
import { Receiver } from "./receiver";

test.describe.configure({ mode: "serial" });

let receiver: Receiver;

test.beforeAll(async () => {
  receiver = await Receiver.start();
});
test.afterAll(() => receiver.stop());

test("a channel shows what the receiver really said", async ({ page }) => {
  await page.goto("/settings/channels");
  await page.getByRole("button", { name: "Add channel" }).click();
  const dialog = page.getByRole("dialog", { name: "Add channel" });
  await dialog.getByText("Webhook").click();
  await dialog.getByLabel("Name").fill("hook");
  await dialog.getByLabel("URL").fill(receiver.url);
  await dialog.getByLabel("Signing secret").fill("marker-7d1f");
  await dialog.getByRole("button", { name: "Add channel" }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Send a test through hook" }).click();
  await expect(page.getByText("hook took the test message", { exact: true })).toBeVisible();
  expect(receiver.of("test")).toHaveLength(1);
  await expect(page.getByRole("table", { name: "Deliveries" }).getByText("Sent")).toBeVisible();
  await page.getByRole("button", { name: "hook", exact: true }).first().click();
  await expect(page.getByLabel("Signing secret")).toHaveValue("********");
});

test("an alert appears in the open page, is told, and ends", async ({ page, context, appliance }) => {
  const local = await appliance.local();
  await page.goto("/alerts");
  await expect(page.getByText("Nothing is wrong")).toBeVisible();
  await page.evaluate(() => document.body.setAttribute("data-mark", "kept"));

  const other = await context.newPage();
  await other.goto("/settings/thresholds");
  await other.getByRole("button", { name: "Add threshold" }).click();
  const dialog = other.getByRole("dialog", { name: "Add threshold" });
  await dialog.getByLabel("Name").fill("Memory in use");
  await dialog.getByLabel("Metric").selectOption("memory_percent");
  await dialog.getByLabel("Value").fill("0");
  await dialog.getByLabel("For at least").fill("0");
  await dialog.getByRole("radio", { name: "Critical" }).check();
  await dialog.getByRole("button", { name: "Add threshold" }).click();
  await expect(dialog).toBeHidden();

  // The first page was never touched.
  const row = page.getByRole("row").filter({ hasText: "Critical" }).last();
  await expect(row.getByText("Firing", { exact: true }).first()).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => receiver.of("firing").length, { timeout: 30_000 }).toBe(1);

  await row.getByRole("link").click();
  await expect(page).toHaveURL(/\/alerts\/[0-9a-f-]+$/);
  const panel = page.getByRole("complementary", { name: "Alert" });
  await expect(panel.getByRole("link", { name: local.name })).toBeVisible();
  await expect(panel.getByRole("link", { name: "Memory in use" })).toBeVisible();
  await expect(
    panel
      .getByText("Told hook")
      .or(panel.getByText("hook", { exact: true }))
      .first(),
  ).toBeVisible();
  await panel.getByRole("button", { name: "Acknowledge" }).click();
  await expect(panel.getByRole("button", { name: "Take back" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(page.getByRole("cell", { name: "Acknowledged" })).toBeVisible();

  await other.getByRole("button", { name: "Memory in use", exact: true }).click();
  const edit = other.getByRole("dialog", { name: "Edit Memory in use" });
  await edit.getByLabel("Value").fill("100");
  await edit.getByRole("button", { name: "Save threshold" }).click();
  await expect(edit).toBeHidden();

  await expect(page.getByText("Nothing is wrong")).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => receiver.of("resolved").length, { timeout: 30_000 }).toBe(1);
  expect(receiver.of("resolved")[0]?.alert?.id).toBe(receiver.of("firing")[0]?.alert?.id);
  await page.getByText("Resolved", { exact: true }).click();
  await expect(page.getByRole("table", { name: "Alerts" }).getByText("Resolved").first()).toBeVisible();
  await expect(page.locator("body")).toHaveAttribute("data-mark", "kept");
});

test("while a silence lasts nobody is told", async ({ page, appliance }) => {
  const local = await appliance.local();
  await page.goto("/settings/silences");
  await page.getByRole("button", { name: "Add silence" }).click();
  const dialog = page.getByRole("dialog", { name: "Add silence" });
  await dialog.getByLabel("Server", { exact: true }).selectOption({ label: local.name });
  await dialog.getByLabel("Comment").fill("new disks");
  await dialog.getByRole("button", { name: "Add silence" }).click();
  await expect(page.getByRole("cell", { name: `Server ${local.name}`, exact: true })).toBeVisible();
  await page.getByRole("button", { name: `End the silence of Server ${local.name} now` }).click();
  await expect(page.getByText("Nothing is silenced")).toBeVisible();
});
