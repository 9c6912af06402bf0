import { expect, test } from "vitest";

import { labelParts, narrows, queryOf, readFilter, sortText, statusOf, toggled, withStatus } from "./filter";
import { groupOf } from "../../layout/kinds";
import { found, merged } from "./kinds";
import type { KindState } from "./types";

test("the address says what is listed", () => {
  const url = new URLSearchParams(
    "kind=deployments.apps&clusters=a,b&q=web&sort=-age&fields=status=critical",
  );
  const filter = readFilter(url);
  expect(queryOf(filter)).toEqual({
    kind: "deployments.apps",
    clusters: "a,b",
    q: "web",
    fields: "status=critical",
    sort: "age",
    descending: true,
  });
  expect(narrows(filter)).toBe(true);
  const usual = readFilter(new URLSearchParams("sort=colour"));
  expect(queryOf(usual)).toEqual({ kind: "pods", sort: "name" });
  expect(narrows(usual)).toBe(false);
  expect(sortText("name", false)).toBeUndefined();
  expect(sortText("name", true)).toBe("-name");
});

test("a label is added and taken away, whatever else is selected", () => {
  expect(toggled("", "app=web")).toBe("app=web");
  expect(toggled("env in (a, b),app=web", "app=web")).toBe("env in (a, b)");
  expect(labelParts("env in (a, b), app=web")).toEqual(["env in (a, b)", "app=web"]);
});

test("the status is one of the fields", () => {
  expect(statusOf("node=a,status=warning")).toBe("warning");
  expect(statusOf("status=purple")).toBeUndefined();
  expect(withStatus("status=ok,node=a", "critical")).toBe("status=critical,node=a");
  expect(withStatus("status=ok,node=a", undefined)).toBe("node=a");
});

const kind = (name: string, kindName: string, short: string[] = [], custom = false, count = 1): KindState => {
  const [resource = "", ...group] = name.split(".");
  return {
    name,
    group: group.join("."),
    resource,
    kind: kindName,
    short_names: short,
    custom,
    count,
    version: "v1",
    namespaced: true,
    verbs: [],
    columns: [],
    state: "synced",
  };
};

const all = merged([
  [kind("services", "Service", ["svc"]), kind("pods", "Pod", ["po"], false, 3)],
  [
    kind("pods", "Pod", ["po"], false, 4),
    kind("podgroups.scheduling.example", "PodGroup", [], true),
    kind("deployments.apps", "Deployment", ["deploy"]),
  ],
]);

test("the kinds of clusters are one list, counted together", () => {
  expect(all.map((each) => [each.name, each.count])).toEqual([
    ["pods", 7],
    ["deployments.apps", 1],
    ["services", 1],
    ["podgroups.scheduling.example", 1],
  ]);
  expect(all.map(groupOf)).toEqual(["workloads", "workloads", "network", "custom"]);
});

test("kinds are found as kubectl names them", () => {
  const names = (text: string) => found(all, text).map((each) => each.name);
  expect(names("po")).toEqual(["pods", "podgroups.scheduling.example"]);
  expect(names("svc")).toEqual(["services"]);
  expect(names("Deployment")).toEqual(["deployments.apps"]);
  expect(names("group")).toEqual(["podgroups.scheduling.example"]);
  expect(names("")).toHaveLength(4);
});
