// A server over SSH: checked, trusted, watched, changed and let go.
import { expect, test } from "./appliance";
import { Sshd } from "./sshd";

test.describe.configure({ mode: "serial" });

let sshd: Sshd;

test.beforeAll(async () => {
  sshd = await Sshd.start();
});
test.afterAll(() => sshd.stop());

test("a server is added with Unity's own key, after its host key was trusted", async ({ page }) => {
  await page.goto("/servers");
  await page.getByRole("link", { name: "Add server" }).first().click();
  await page.getByLabel("Host").fill("127.0.0.1");
  await page.getByLabel("Port").fill(String(sshd.port));
  await page.getByLabel("User", { exact: true }).fill(sshd.user);
  await page.getByLabel("Name", { exact: true }).fill("edge");
  await page.getByLabel("Tags").fill("lab, ssh");
  const line = page.getByLabel("Line for authorized_keys");
  await expect(line).toContainText("ssh-ed25519");
  sshd.authorize((await line.textContent()) ?? "");

  await page.getByRole("button", { name: "Check connection" }).click();
  const ask = page.getByRole("region", { name: "Is this the key of the machine?" });
  await expect(ask).toContainText(sshd.fingerprint);
  await expect(page.getByText("not trusted yet")).toBeVisible();
  await ask.getByRole("button", { name: "Trust this key" }).click();
  for (const stage of ["Reach the port", "Host key", "Sign in", "Run commands"])
    await expect(
      page.getByRole("listitem").filter({ hasText: stage }).getByText("works", { exact: true }),
    ).toBeVisible();

  await page.setViewportSize({ width: 360, height: 740 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await page.setViewportSize({ width: 1280, height: 720 });

  await page.getByRole("button", { name: "Add server" }).click();
  await expect(page).toHaveURL(/\/servers\/[0-9a-f-]+$/);
  await expect(page.getByRole("heading", { level: 1, name: "edge" })).toBeVisible();
  await page.getByRole("link", { name: "Show job" }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });

  await page.goto("/servers");
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "edge" }) });
  await expect(row.getByText("Up")).toBeVisible({ timeout: 30_000 });
  await expect(row.getByText(/^\d+\s%$/).first()).toBeVisible({ timeout: 30_000 });
});

test("filters are asked of the server and stand in the address", async ({ page }) => {
  await page.goto("/servers");
  await page.getByRole("link", { name: "edge" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("edg");
  await expect(page).toHaveURL(/\?q=edg$/);
  await expect(page.getByRole("table", { name: "Servers" }).getByRole("row")).toHaveCount(2); // with its head
  await page.reload();
  await expect(page.getByLabel("Filter servers")).toHaveValue("edg");
  await page.getByLabel("Filter servers").fill("nobody");
  await expect(page.getByText("No server matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByRole("link", { name: "edge" })).toBeVisible();
});

test("a server is changed, and a write over newer words is refused", async ({ page, appliance }) => {
  await page.goto("/servers");
  await page.getByRole("link", { name: "edge" }).click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Group").fill("Rack 1");
  const { items } = await appliance.get<{ items: { id: string; name: string }[] }>("/api/v1/servers?q=edge");
  const api = await appliance.api();
  await expect(await api.patch(`/api/v1/servers/${items[0]?.id}`, { data: { notes: "meanwhile" } })).toBeOK();
  await api.dispose();
  await page.getByRole("button", { name: "Save server" }).click();
  await expect(page.getByText("Someone changed it in the meantime")).toBeVisible();
  await page.getByRole("button", { name: "Load again" }).click();
  await expect(page.getByLabel("Notes")).toHaveValue("meanwhile");
  await page.getByLabel("Group").fill("Rack 2");
  await page.getByRole("button", { name: "Save server" }).click();
  await expect(page).toHaveURL(/\/servers\/[0-9a-f-]+$/);
  await page.goto("/servers");
  await expect(page.getByRole("cell", { name: "Rack 2" })).toBeVisible();
});

test("many are imported after a look, and deleted after naming them", async ({ page }) => {
  await page.goto("/servers/import");
  await page
    .getByLabel("~/.ssh/config")
    .fill("Host one two\n  HostName 192.0.2.7\n  User pi\n\nHost *\n  Port 22\n");
  await page.getByRole("button", { name: "Preview" }).click();
  const preview = page.getByRole("table", { name: "Preview" });
  await expect(preview.getByRole("row").filter({ hasText: "Ready" })).toHaveCount(2);
  await page.getByRole("button", { name: /^Import 2/ }).click();
  await page.getByRole("link", { name: "Show servers" }).click();

  await page.getByRole("checkbox", { name: "Select one" }).check();
  await page.getByRole("checkbox", { name: "Select two" }).check();
  const bar = page.getByRole("toolbar", { name: "2 selected" });
  await bar.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  const remove = dialog.getByRole("button", { name: /^Delete 2/ });
  await expect(remove).toBeDisabled();
  await dialog.getByRole("textbox").fill("delete 2");
  await remove.click();
  await expect(page.getByRole("link", { name: "one", exact: true })).toBeHidden();
  await expect(page.getByRole("link", { name: "edge" })).toBeVisible();
});
