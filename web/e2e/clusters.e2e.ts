// A cluster that is registered, as a caller of the API and as somebody in a browser meet it.
import { expect, test } from "./appliance";
import { Kubernetes } from "./kubernetes";
import { expectAccessible } from "./person";

let cluster: Kubernetes;

test.beforeAll(async () => {
  cluster = await Kubernetes.start();
  await cluster.namespace("shop");
  await cluster.deployment("shop", "till", 3);
});
test.afterAll(async ({ appliance }) => {
  const api = await appliance.api();
  const left = (await (await api.get("/api/v1/clusters")).json()) as { items: { id: string }[] };
  for (const { id } of left.items) await expect(await api.delete(`/api/v1/clusters/${id}`)).toBeOK();
  await api.dispose();
  await cluster.stop();
});

test("its pods are there soon after it is registered, for who may see them", async ({ appliance }) => {
  const api = await appliance.api();
  const register = async (name: string, kubeconfig: string) => {
    const made = await api.post("/api/v1/clusters", { data: { name, kubeconfig } });
    await expect(made).toBeOK();
    return ((await made.json()) as { id: string }).id;
  };
  const pods = async (id: string) => {
    const found = await api.get(`/api/v1/clusters/objects?kind=pods&namespaces=shop&clusters=${id}`);
    return ((await found.json()) as { items: { name: string }[] }).items.length;
  };
  const id = await register("harbour", cluster.kubeconfig);
  await expect.poll(() => pods(id)).toBe(3);
  await cluster.ask("PATCH", "/apis/apps/v1/namespaces/shop/deployments/till", { spec: { replicas: 5 } });
  await expect.poll(() => pods(id)).toBe(5);
  expect(await pods(await register("from afar", cluster.viewer))).toBe(0);
  await api.dispose();
});

test("a kubeconfig is pasted, its contexts weighed, and the cluster is there live", async ({ page }) => {
  await page.goto("/clusters");
  await page.getByRole("link", { name: "Add cluster" }).first().click();
  const text = page.getByRole("textbox", { name: "Kubeconfig" });
  await text.fill("not a kubeconfig");
  await expect(page.getByText("This is not a kubeconfig.")).toBeVisible();

  await text.fill(withExec(cluster.kubeconfig));
  await expect(page.getByRole("radio", { name: "eks" })).toBeDisabled();
  await expect(page.getByText("It runs a program to sign in (aws)")).toBeVisible();
  await expect(page.getByRole("radio", { name: "test", exact: false })).toBeChecked();
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(page.getByText("It answers, and the credential may do all that Unity can.")).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Name", { exact: true }).fill("quay");
  await page.getByRole("button", { name: "Add cluster" }).click();

  await expect(page.getByRole("heading", { level: 1, name: "quay" })).toBeVisible();
  await expect(page.getByText("Synced")).toBeVisible();
  const deployments = page.getByRole("listitem").filter({ hasText: /^Deployments/ });
  await expect(deployments).toContainText("1");
  await cluster.deployment("shop", "shelf", 1);
  await expect(deployments).toContainText("2");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Kinds", exact: true }).click();
  await page.getByLabel("Filter kinds").fill("deploy");
  await expect(page.getByRole("link", { name: "Deployments", exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "Pods", exact: true })).toBeHidden();
  await expectAccessible(page);
});

test("a risk is asked for, and what a missing right costs is said", async ({ page }) => {
  await page.goto("/clusters/new");
  const careless = cluster.viewer.replace(
    /certificate-authority-data: [^,}]+/,
    "insecure-skip-tls-verify: true",
  );
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(careless);
  const go = page.getByRole("button", { name: "Test", exact: true });
  await expect(go).toBeDisabled();
  await page.getByLabel("Do not check who answers").check();
  await go.click();
  await expect(page.getByText("the credential may do nothing there")).toBeVisible();
  await expect(page.getByRole("region", { name: "It may not" })).toContainText("Logs cannot be read.");
});

test("a cluster that does not answer says so where its figures were, and is removed by name", async ({
  page,
}) => {
  await page.goto("/clusters/new");
  const gone = cluster.kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://127.0.0.1:1");
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(gone);
  await page.getByLabel("Name", { exact: true }).fill("attic");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await expect(page.getByText("The test failed.")).toBeVisible();
  await page.getByRole("button", { name: "Add anyway" }).click();
  await expect(page.getByText("attic has not answered since")).toBeVisible();
  await page.goto("/clusters");
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "attic" }) });
  await expect(row).toContainText("Unreachable");
  await expect(row).toContainText("Nothing answers there.");
  await row.getByRole("link", { name: "attic" }).click();
  await page.getByRole("navigation", { name: "attic" }).getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Remove attic" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Nothing in the cluster itself changes");
  await expect(dialog.getByRole("button", { name: "Remove attic" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("attic");
  await dialog.getByRole("button", { name: "Remove attic" }).click();
  await expect(page).toHaveURL(/\/clusters$/);
  await expect(page.getByRole("link", { name: "attic" })).toBeHidden();
});

/** The same kubeconfig with a context more, that runs a program to sign in. */
function withExec(kubeconfig: string): string {
  const exec = "{apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}";
  return kubeconfig
    .replace(/^contexts:$/m, "contexts:\n- name: eks\n  context: {cluster: test, user: eks}")
    .replace(/^users:$/m, `users:\n- name: eks\n  user: {exec: ${exec}}`);
}
