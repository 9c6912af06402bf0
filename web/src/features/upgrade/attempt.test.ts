import { expect, test } from "vitest";

import { closed, phases, putBack, underWay } from "./attempt";
import type { Attempt, Report } from "./types";

const version = (number: string) => ({ version: number, schema: 9 });
const attempt = (phase: Attempt["phase"]) =>
  ({ phase, from: version("1.0.0"), to: version("1.1.0") }) as Attempt;
const report = (more: Partial<Report>) =>
  ({ version: version("1.0.0"), keys: [{ id: "5D41", from: "built-in" }], ...more }) as Report;

test.each(phases)("an upgrade that is %s is under way", (phase) =>
  expect(underWay(attempt(phase))).toBe(true),
);

test.each([undefined, attempt("done"), attempt("failed")])("one that has ended is not", (last) =>
  expect(underWay(last)).toBe(false),
);

test("a version that did not stay is spoken of until another one serves", () => {
  expect(putBack(report({ last: attempt("failed") }))).toBe(true);
  expect(putBack(report({ last: attempt("done") }))).toBe(false);
  expect(putBack(report({ last: attempt("failed"), version: version("1.2.0") }))).toBe(false);
  expect(putBack(report({}))).toBe(false);
});

test("nothing is taken in without a key, or where something stands in the way", () => {
  expect(closed(report({}))).toBeUndefined();
  expect(closed(report({ keys: [] }))).toBe("key");
  expect(closed(report({ keys: [], blocked: { code: "upgrade.container", message: "" } }))).toBe("blocked");
});
