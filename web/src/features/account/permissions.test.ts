import { expect, test } from "vitest";

import { byThing, example, forKeys, permissionName, reading } from "./permissions";

const mine = [
  "signed_in",
  "self",
  "servers.read",
  "alerts.read",
  "servers.write",
  "system.read",
  "system.write",
  "users.write",
  "tenant.delete",
];

test("a key holds nothing of the appliance's administrators", () => {
  expect(forKeys(mine)).toEqual([
    "servers.read",
    "alerts.read",
    "servers.write",
    "system.read",
    "tenant.delete",
  ]);
});

test("permissions stand with their thing, in words", () => {
  expect(reading(mine)).toEqual(["servers.read", "alerts.read", "system.read"]);
  expect(byThing(["servers.read", "alerts.read", "servers.write", "new.read"])).toEqual([
    { thing: "servers", name: "Servers", permissions: ["servers.read", "servers.write"] },
    { thing: "alerts", name: "Alerts", permissions: ["alerts.read"] },
    { thing: "new", name: "new", permissions: ["new.read"] },
  ]);
  expect(permissionName("servers.write")).toBe("Change servers");
  expect(permissionName("new.sing")).toBe("sing new");
});

test("the example asks for what the key may read", () => {
  expect(example("uk_x", ["servers.read"])).toContain("/api/v1/servers");
  expect(example("uk_x", ["alerts.read"])).toContain("/api/v1/auth/me");
});
