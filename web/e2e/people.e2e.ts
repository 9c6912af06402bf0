// Administrators and the people they let in: invitations, roles, accounts, tenants.
import { type Browser, type BrowserContext, expect, type Page, request, test } from "@playwright/test";

import { Appliance, watch } from "./appliance";

test.describe.configure({ mode: "serial" });

const guest = { username: "gus.the-guest", password: "correct horse 43" };

let appliance: Appliance;
let context: BrowserContext;
let page: Page;
let faults: string[];
let token: string;

const open = async (browser: Browser) => {
  context = await browser.newContext({ baseURL: appliance.url, storageState: appliance.state });
  faults = await watch(context);
  page = await context.newPage();
};

/** Requests of the guest, as from another browser. */
const elsewhere = () =>
  request.newContext({ baseURL: appliance.url, extraHTTPHeaders: { Origin: appliance.url } });

const act = async (name: string, item: string) => {
  await page.getByRole("button", { name: `More actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
};

test.beforeAll(async ({ browser }) => {
  appliance = await Appliance.start("--multi-tenancy");
  await appliance.setUp();
  await open(browser);
});

test.afterAll(async () => {
  expect(faults).toEqual([]);
  await context.close();
  await appliance.stop();
});

test("an invitation shows its link once, and who takes it is a member", async () => {
  await page.goto("/settings/members?view=invitations");
  await expect(page.getByText("Nobody is invited")).toBeVisible();
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill("gus@example.org");
  await dialog.getByLabel("Member", { exact: true }).check();
  await dialog.getByText("1 day").click();
  await dialog.getByRole("button", { name: "Make invitation" }).click();
  const link = await dialog.getByLabel("Link", { exact: true }).inputValue();
  await expect(dialog.getByText("no channel here can send mail")).toBeVisible();
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.getByRole("row").filter({ hasText: "gus@example.org" });
  await expect(row.getByText("Open", { exact: true })).toBeVisible();

  token = new URLSearchParams(new URL(link).hash.slice(1)).get("token") ?? "";
  const api = await elsewhere();
  await expect(await api.post("/api/v1/auth/register", { data: { token, ...guest } })).toBeOK();
  await api.dispose();
  await page.reload();
  await expect(row.getByText(`Taken by ${guest.username}`)).toBeVisible();
  await page.getByText("Members", { exact: true }).last().click();
  await expect(page.getByRole("row").filter({ hasText: guest.username }).getByText("Member")).toBeVisible();
});

test("an invitation that is taken back is gone", async () => {
  await page.goto("/settings/members?view=invitations");
  await page.getByRole("button", { name: "Invite somebody" }).click();
  await page.getByRole("button", { name: "Make invitation" }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Take back the invitation for Whoever has the link" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await expect(page.getByText("Invitation taken back", { exact: true })).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "Whoever has the link" })).toHaveCount(0);
});

test("a role is changed, and one's own is not", async () => {
  await page.goto("/settings/members");
  const reason = "You cannot change your own role. Ask another owner or administrator.";
  await expect(page.getByRole("button", { name: reason })).toBeDisabled();
  await act(guest.username, "Change role");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Viewer", { exact: true }).check();
  await dialog.getByLabel("Read the audit").check();
  await dialog.getByRole("button", { name: "Save role" }).click();
  const row = page.getByRole("row").filter({ hasText: guest.username });
  await expect(row.getByText("Viewer")).toBeVisible();
  await expect(row.getByText("Read the audit")).toBeVisible();
});

test("a user who is switched off is signed out", async () => {
  const api = await elsewhere();
  await expect(await api.post("/api/v1/auth/login", { data: guest })).toBeOK();
  await expect(await api.get("/api/v1/auth/me")).toBeOK();
  await page.goto("/settings/users");
  await act(guest.username, "Edit");
  await page.getByRole("dialog").getByLabel("Active", { exact: true }).uncheck();
  await page.getByRole("button", { name: "Save user" }).click();
  await expect(page.getByRole("row").filter({ hasText: guest.username }).getByText("Disabled")).toBeVisible();
  expect((await api.get("/api/v1/auth/me")).status()).toBe(401);
  await api.dispose();
});

test("the only administrator stays one", async () => {
  await page.goto("/settings/users");
  await act("lea", "Edit");
  await page.getByLabel("Administrator of this appliance").uncheck();
  await page.getByRole("button", { name: "Save user" }).click();
  await expect(page.getByRole("alert")).toContainText("You cannot do that to yourself");
  await page.keyboard.press("Escape");
  await act("lea", "Delete");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Type lea to confirm").fill("lea");
  await dialog.getByRole("button", { name: "Delete lea" }).click();
  await expect(dialog.getByRole("alert")).toBeVisible();
  await page.keyboard.press("Escape");
});

test("an account without a password gets a link for one", async () => {
  await page.goto("/settings/users?q=mara");
  await page.getByRole("button", { name: "Add user" }).click();
  await page.getByLabel("User name").fill("mara");
  await page.getByRole("dialog").getByRole("button", { name: "Add user" }).click();
  const dialog = page.getByRole("dialog", { name: "Password link for mara" });
  expect(await dialog.getByLabel("Link", { exact: true }).inputValue()).toContain("/reset#token=");
  await dialog.getByRole("button", { name: "Done" }).click();
  await act("mara", "Delete");
  await page.getByLabel("Type mara to confirm").fill("mara");
  await page.getByRole("button", { name: "Delete mara" }).click();
  await expect(page.getByText("Deleted mara", { exact: true })).toBeVisible();
  await expect(page.getByText("No user matches")).toBeVisible();
});

test("a tenant is added, suspended and activated", async () => {
  await page.goto("/settings/tenants");
  await page.getByRole("button", { name: "Add tenant" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Acme & Sons");
  await page.getByLabel("Id", { exact: true }).fill("acme");
  await page.getByRole("dialog").getByRole("button", { name: "Add tenant" }).click();
  const panel = page.getByRole("complementary", { name: "Acme & Sons" });
  await expect(panel.getByText("Active", { exact: true })).toBeVisible();
  await act("Acme & Sons", "Suspend");
  await page.getByRole("button", { name: "Suspend Acme & Sons" }).click();
  const row = page.getByRole("row").filter({ hasText: "Acme & Sons" });
  await expect(row.getByText("Suspended")).toBeVisible();
  await panel.getByRole("button", { name: "Activate" }).click();
  await expect(row.getByText("Active", { exact: true })).toBeVisible();
  await expect(page.getByText("Activated Acme & Sons", { exact: true })).toBeVisible();
});

test("a limit is set, and whoever is near it sees that", async () => {
  await page.goto("/settings/tenants?open=default");
  await page.getByRole("button", { name: "Limits" }).click();
  await page.getByLabel("Servers", { exact: true }).fill("1");
  await page.getByRole("button", { name: "Save limits" }).click();
  const panel = page.getByRole("complementary").last();
  await expect(panel.getByText("1 of 1")).toBeVisible();
  await page.goto("/settings/usage");
  const row = page.getByRole("row").filter({ hasText: "Servers" });
  await expect(row.getByText("Nearly full")).toBeVisible();
});

test("a tenant is deleted by a job, after its id is typed", async () => {
  await page.goto("/settings/tenants?open=acme");
  await act("Acme & Sons", "Delete");
  const dialog = page.getByRole("dialog", { name: "Delete Acme & Sons?" });
  await expect(dialog.getByText("What goes")).toBeVisible();
  const button = dialog.getByRole("button", { name: "Delete Acme & Sons" });
  await expect(button).toBeDisabled();
  await dialog.getByLabel("Type acme to confirm").fill("acme");
  await button.click();
  await expect(page).toHaveURL(/\/settings\/jobs\//);
  await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 30_000 });
});

test("the keys are rotated by a job", async () => {
  await page.goto("/settings/vault");
  await expect(page.getByText("A file in the data directory")).toBeVisible();
  await page.getByRole("button", { name: "Rotate keys" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Rotate keys" }).click();
  await expect(page).toHaveURL(/\/settings\/jobs\//);
  await page.goto("/settings/vault");
  await expect(page.getByText("Keys are being replaced.")).toBeVisible();
});

test("a provider shows what to register, and who would get in", async () => {
  await page.goto("/settings/providers");
  await expect(page.getByText(`${appliance.url}/sign-in/callback`)).toBeVisible();
  await page.getByRole("button", { name: "Add provider" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Somewhere");
  await dialog.getByLabel("Issuer").fill("http://127.0.0.1:1/realms/home");
  await dialog.getByLabel("Client id").fill("unity");
  await dialog.getByRole("button", { name: "Add rule" }).click();
  const rule = dialog.getByRole("group", { name: "Rule 1" });
  await rule.getByLabel("Claim").fill("groups");
  await rule.getByLabel("Value").fill("staff");
  await dialog.getByRole("button", { name: "Add provider" }).click();
  await expect(page.getByText("Added Somewhere", { exact: true })).toBeVisible();
  await act("Somewhere", "Try a token");
  await page
    .getByLabel("Token or claims")
    .fill('{"sub":"42","preferred_username":"ines","groups":["staff"]}');
  await page.getByRole("button", { name: "Try it" }).click();
  await expect(page.getByText("Would not get in.")).toBeVisible(); // it makes no accounts
  await expect(page.getByText("Viewer in Home")).toBeVisible();
  await page.getByRole("button", { name: "Close" }).last().click();
});

test("what belongs to the appliance says why it stays", async () => {
  await page.goto("/settings/tenants?open=default");
  await page.getByRole("complementary").last().getByRole("button", { name: "More actions" }).click();
  await expect(page.getByRole("menuitem", { name: "Delete" })).toHaveAttribute("aria-disabled", "true");
  await expect(page.getByText("It belongs to the appliance and stays.")).toBeVisible();
  await page.keyboard.press("Escape");
});
