import { expect, test } from "vitest";

import { groups, isAddress, isRenewable, parted, someAsked, stateOf, troubled } from "./names";
import type { Name } from "./types";

const now = Date.parse("2026-11-24T12:00:00Z");
const at = (days: number) => new Date(now + days * 86_400_000).toISOString();

const name = (more: Partial<Name>): Name => ({
  name: "unity.example.org",
  own: false,
  by: "acme",
  issuer: "Let's Encrypt, R11",
  not_after: at(60),
  stands_in: false,
  asking: false,
  ...more,
});
const failed = { at: at(-1), failures: 2, error: "refused" };
const went = { at: at(-1), failures: 0, error: "" };

test.each([
  ["good", name({}), "ok"],
  ["near its end", name({ not_after: at(20) }), "ending"],
  ["at its end", name({ not_after: at(0) }), "ended"],
  ["not renewed", name({ attempt: failed }), "late"],
  ["not renewed until its end", name({ attempt: failed, not_after: at(-1) }), "ended"],
  ["asked for", name({ stands_in: true }), "asking"],
  ["asked for in vain", name({ stands_in: true, attempt: failed }), "failed"],
  ["asked for well", name({ attempt: went }), "ok"],
  ["brought, and at its end", name({ by: "manual", not_after: at(-3) }), "ended"],
  ["own, and near its end", name({ by: "internal", not_after: at(3) }), "ok"],
  ["own, and at its end", name({ by: "internal", not_after: at(-3) }), "none"],
  ["own, with *", name({ name: "*.example.org", by: "internal", not_after: undefined }), "never"],
])("a certificate that is %s", (_, of, state) => expect(stateOf(of, now)).toBe(state));

test("an own name has a certificate when somebody asks for it", () => {
  const { not_after: _, ...none } = name({ by: "internal", issuer: "" });
  expect(stateOf(none, now)).toBe("none");
});

test("names that somebody has to look at are counted", () => {
  const own = name({ by: "internal", not_after: at(3) });
  const well = [name({}), name({ stands_in: true }), own];
  const unwell = [name({ attempt: failed }), name({ not_after: at(20) })];
  expect(troubled([...well, ...unwell], now)).toBe(2);
});

test.each([
  ["internal", "unity.lan", true],
  ["internal", "*.example.org", false],
  ["acme", "*.example.org", true],
  ["manual", "unity.example.org", false],
] as const)("%s can sign for %s anew: %s", (by, of, can) =>
  expect(isRenewable(name({ by, name: of }))).toBe(can),
);

test("addresses stand apart", () => {
  const all = ["unity.lan", "10.0.0.5", "fd00::5", "1password.example.org"].map((each) =>
    name({ name: each }),
  );
  const { named, addresses } = parted(all);
  expect(named.map((each) => each.name)).toEqual(["unity.lan", "1password.example.org"]);
  expect(addresses.map((each) => each.name)).toEqual(["10.0.0.5", "fd00::5"]);
  expect(isAddress("::1")).toBe(true);
});

test("a failure is waited for, and nothing is asked meanwhile", () => {
  expect(someAsked([name({}), name({ stands_in: true, attempt: failed })])).toBe(false);
  expect(someAsked([name({}), name({ stands_in: true })])).toBe(true);
});

test("a fingerprint is read in eight pieces", () => {
  const all = groups(Array.from({ length: 32 }, () => "AB").join(":"));
  expect(all).toEqual(Array.from({ length: 8 }, () => "AB:AB:AB:AB"));
});
