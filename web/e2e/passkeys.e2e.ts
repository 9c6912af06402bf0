// Passkeys with the browser's own authenticator, under a name: an IP address can have none.
import { type BrowserContext, type Page, expect, test } from "@playwright/test";

import { Appliance, person } from "./appliance";

test.describe.configure({ mode: "serial" });

let appliance: Appliance;
let context: BrowserContext;
let page: Page;
let home: string;

const authenticator = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

type Answer = { status: number; body: Record<string, unknown> & { code?: string } };

/** Sends a request as the page does. */
const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
  page.evaluate(
    async (sent) => {
      const response = await fetch(`/api/v1${sent.path}`, {
        method: sent.method,
        headers: { "Content-Type": "application/json" },
        ...(sent.body !== undefined && { body: JSON.stringify(sent.body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text ? JSON.parse(text) : {} };
    },
    { method, path, body },
  );

/** Has the browser do what a ceremony asks for. */
const perform = (kind: "create" | "get", options: unknown): Promise<unknown> =>
  page.evaluate(
    async (asked) => {
      const credential =
        asked.kind === "create"
          ? await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
                asked.options as PublicKeyCredentialCreationOptionsJSON,
              ),
            })
          : await navigator.credentials.get({
              publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
                asked.options as PublicKeyCredentialRequestOptionsJSON,
              ),
            });
      return (credential as PublicKeyCredential).toJSON();
    },
    { kind, options },
  );

/** Goes through a ceremony of path and returns what its end is answered with. */
async function show(path: string, body: object = {}): Promise<Answer> {
  const asked = await send("POST", `${path}/options`, body);
  expect(asked, path).toMatchObject({ status: 200 });
  const response = await perform("get", asked.body["options"]);
  return send("POST", path, { ceremony: asked.body["ceremony"], response });
}

const secondFactor = async () => (await send("GET", "/auth/me")).body["session"];

test.beforeAll(async ({ browser }) => {
  appliance = await Appliance.start();
  await appliance.setUp();
  home = appliance.url.replace("127.0.0.1", "localhost");
  context = await browser.newContext({ baseURL: home });
  page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options: authenticator });
  await page.goto("/sign-in");
});
test.afterAll(async () => {
  await context.close();
  await appliance.stop();
});

test("a passkey is registered, and not twice on one device", async () => {
  expect(await send("POST", "/auth/login", person)).toMatchObject({ status: 200, body: { user: {} } });
  const asked = await send("POST", "/auth/passkeys/options");
  const response = await perform("create", asked.body["options"]);
  const made = await send("POST", "/auth/passkeys", {
    ceremony: asked.body["ceremony"],
    name: "this browser",
    response,
  });
  expect(made).toMatchObject({
    status: 201,
    body: { passkey: { name: "this browser", rp_id: "localhost" } },
  });
  expect(made.body["recovery_codes"]).toHaveLength(10);
  expect(await secondFactor()).toMatchObject({ second_factor: true });
  const again = await send("POST", "/auth/passkeys/options");
  await expect(perform("create", again.body["options"])).rejects.toThrow("InvalidStateError");
});

test("a passkey alone signs in", async () => {
  await send("POST", "/auth/logout");
  expect(await send("GET", "/auth/me")).toMatchObject({ status: 401 });
  expect(await show("/auth/login/passkey")).toMatchObject({ body: { user: { username: person.username } } });
  expect(await secondFactor()).toMatchObject({ second_factor: true });
});

test("a passkey follows a password", async () => {
  await send("POST", "/auth/logout");
  const { body } = await send("POST", "/auth/login", person);
  expect(body).toMatchObject({ methods: ["passkey", "recovery"] });
  expect(await send("GET", "/auth/me")).toMatchObject({ status: 401 });
  expect(await show("/auth/login/passkey", { challenge: body["challenge"] })).toMatchObject({
    body: { user: { username: person.username } },
  });
  expect(await secondFactor()).toMatchObject({ second_factor: true });
});

test("a passkey is a fresh proof", async () => {
  const before = (await secondFactor()) as { proved_until: string };
  expect((await show("/auth/step-up/passkey")).status).toBeLessThan(300);
  const after = (await secondFactor()) as { proved_until: string };
  expect(Date.parse(after.proved_until)).toBeGreaterThan(Date.parse(before.proved_until));
});

test("an address without a name says where passkeys work", async () => {
  await page.goto(`${appliance.url}/sign-in`);
  const asked = await send("POST", "/auth/login/passkey/options", {});
  expect(asked).toMatchObject({ status: 409, body: { code: "passkey.needs_name" } });
  expect(asked.body["detail"]).toContain(home);
  await page.goto(`${home}/sign-in`);
});

test("a deleted passkey signs nobody in", async () => {
  const { body } = await send("GET", "/auth/factors");
  const [passkey] = body["passkeys"] as { id: string; used_at: string }[];
  expect(passkey?.used_at).toBeTruthy();
  expect((await send("DELETE", `/auth/passkeys/${passkey?.id}`)).status).toBeLessThan(300);
  expect(await show("/auth/login/passkey")).toMatchObject({ status: 401, body: { code: "passkey.refused" } });
});

test("on the pages: the first passkey shows recovery codes, and signs in from then on", async ({
  browser,
}) => {
  const own = await browser.newContext({ baseURL: home });
  const tab = await own.newPage();
  const devtools = await own.newCDPSession(tab);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options: authenticator });
  await tab.goto("/sign-in?next=/settings/account");
  await tab.getByLabel("User name").fill(person.username);
  await tab.getByLabel("Password", { exact: true }).fill(person.password);
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("button", { name: "Add passkey" }).click();
  const dialog = tab.getByRole("dialog", { name: "Add a passkey" });
  await dialog.getByLabel("Name").fill("Laptop");
  await dialog.getByRole("button", { name: "Add passkey" }).click();
  const codes = tab.getByRole("dialog", { name: "Keep your recovery codes" });
  await expect(codes.getByRole("listitem")).toHaveCount(10);
  await codes.getByRole("checkbox").check();
  await codes.getByRole("button").last().click();
  await expect(tab.getByText("Laptop").first()).toBeVisible();

  await tab.getByRole("button", { name: "Sign out" }).click();
  await tab.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(tab).toHaveURL(`${home}/`);

  await tab.goto("/settings/account");
  await tab.getByRole("button", { name: "Sign out" }).click();
  await tab.getByLabel("User name").fill(person.username);
  await tab.getByLabel("Password", { exact: true }).fill(person.password);
  await tab.getByRole("button", { name: "Sign in", exact: true }).click();
  await tab.getByRole("button", { name: "Use a passkey" }).click(); // the second step
  await expect(tab).toHaveURL(`${home}/`);
  await own.close();
});
