// A cluster that is registered, as a caller of the API meets it.
import { expect, test } from "./appliance";
import { Kubernetes } from "./kubernetes";

let cluster: Kubernetes;

test.beforeAll(async () => {
  cluster = await Kubernetes.start();
  await cluster.namespace("shop");
  await cluster.deployment("shop", "till", 3);
});
test.afterAll(async () => {
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
