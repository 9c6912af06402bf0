import { expect, test } from "vitest";

import type { ClusterContext, ClusterObject, ClusterOffer, KindState } from "../../api/types";
import { groupOf, inGroups, manyOf } from "../../layout/kinds";
import { capacityOf, ratioOf } from "./capacity";
import { newest, plain, pods, sum } from "./measures";
import { freeName, nameFor, usable } from "./offers";
import { apply, objects } from "./serviceAccount";
import { credentialOf, pasted, preset } from "./useCredential";
import { shows } from "./useFresh";

const context = (name: string, more: Partial<ClusterContext> = {}): ClusterContext => ({
  name,
  current: false,
  server: "https://10.20.0.10:6443",
  user: "admin",
  method: "token",
  ask: [],
  ...more,
});

test("the current context is chosen, unless it is refused", () => {
  const current = context("home", { current: true });
  expect(preset([context("lab"), current])?.name).toBe("home");
  expect(preset([{ ...current, refused: "It runs a program." }, context("lab")])?.name).toBe("lab");
  expect(preset([{ ...current, refused: "It runs a program." }])).toBeUndefined();
});

test("a request says only what was asked and accepted, and no text of another source", () => {
  const asks = context("home", { ask: ["plain_http"] });
  expect(credentialOf(pasted, "text", asks, ["plain_http", "skip_verify"])).toEqual({
    source: "kubeconfig",
    kubeconfig: "text",
    context: "home",
    accept: ["plain_http"],
  });
  expect(credentialOf("in_cluster", "text", context(""), [])).toEqual({ source: "in_cluster", accept: [] });
});

const offer = (source: string, ...contexts: ClusterContext[]): ClusterOffer => ({
  source,
  title: "",
  contexts,
});

test("an offer is added in one press where nothing is to be chosen or accepted", () => {
  expect(usable(offer("k3s", context("default")))?.name).toBe("default");
  expect(usable(offer("home", context("a"), context("b")))).toBeUndefined();
  expect(usable(offer("home", context("a"), context("b", { current: true })))?.name).toBe("b");
  expect(usable(offer("k3s", context("default", { ask: ["skip_verify"] })))).toBeUndefined();
});

test("a cluster is called after its context, unless that says nothing, and by a name that is free", () => {
  expect(nameFor(offer("k3s", context("default")), [])).toBe("k3s");
  expect(nameFor(offer("home", context("attic", { current: true })), [{ name: "attic" }])).toBe("attic-2");
  expect(freeName("a", [{ name: "a" }, { name: "a-2" }])).toBe("a-3");
});

test("the account that only sees may change nothing, and reads no secret", () => {
  const view = objects("view");
  expect(view).not.toMatch(/patch|update|create|delete|secrets|name: edit|cluster-admin/);
  expect(objects("change")).toMatch(/name: edit/);
  expect(apply("view").split("\n").at(-1)).toBe("YAML");
});

const node = (cpu: string, memory: string, used?: number): ClusterObject =>
  ({ cells: ["", "v1.37.2", cpu, memory, ""], ...(used && { cpu_milli: used }) }) as ClusterObject;

test("nodes are added up; what nobody measures is not none", () => {
  const { cpu, memory } = capacityOf([node("4000", "1024", 500), node("2000", "1024")]);
  expect(cpu).toEqual({ whole: 6, used: 0.5 });
  expect(memory).toEqual({ whole: 2048, used: undefined });
  expect(ratioOf(memory)).toBeUndefined();
  expect(ratioOf(capacityOf([]).cpu)).toBeUndefined();
});

test("pods are told apart by how they are", () => {
  const series = [
    { metric: "kube_pods", labels: { status: "ok" }, points: [[1, 9] as const, [2, 8] as const] },
    { metric: "kube_pods", labels: { status: "critical" }, points: [[2, 1] as const] },
    { metric: "kube_pods", labels: { status: "warning" }, points: [[2, 0] as const] },
  ];
  expect(newest(plain(series, "kube_pods", "critical"))).toBe(1);
  expect(sum(series, "kube_pods")).toEqual([
    [1, 9],
    [2, 9],
  ]);
  const words = { ok: "well", progress: "starting", warning: "warning", critical: "critical" };
  expect(pods(series, words).map(({ label }) => label)).toEqual(["well", "critical"]);
});

const kind = (name: string, more: Partial<KindState> = {}): KindState =>
  ({ name, group: name.split(".").slice(1).join("."), custom: false, kind: name, ...more }) as KindState;

test("kinds stand in the group where people look for them", () => {
  expect(groupOf(kind("deployments.apps"))).toBe("workloads");
  expect(groupOf(kind("backups.example.com", { custom: true }))).toBe("custom");
  expect(groupOf(kind("flowschemas.flowcontrol.apiserver.k8s.io"))).toBe("cluster");
  const order = inGroups([kind("nodes"), kind("replicasets.apps"), kind("services"), kind("pods")]);
  expect(order.map(({ name }) => name)).toEqual(["pods", "replicasets.apps", "services", "nodes"]);
});

test.each([
  ["Pod", "pods", "Pods"],
  ["Ingress", "ingresses", "Ingresses"],
  ["NetworkPolicy", "networkpolicies", "NetworkPolicies"],
  ["Endpoints", "endpoints", "Endpoints"],
  ["NodeMetrics", "nodes", "NodeMetrics"],
])("many of %s are %s", (one, resource, many) => {
  expect(manyOf({ kind: one, resource })).toBe(many);
});

test("what changes in a cluster touches what shows its objects, and nothing of another", () => {
  const key = (path: string, params: object) => ["get", `/api/v1/clusters${path}`, { params }];
  expect(shows(key("/objects", { query: { clusters: "a" } }), "a")).toBe(true);
  expect(shows(key("/objects", { query: { clusters: "b" } }), "a")).toBe(false);
  expect(shows(key("/{id}/kinds", { path: { id: "a" } }), "a")).toBe(true);
  expect(shows(key("/{id}", { path: { id: "a" } }), "a")).toBe(false);
});
