import { expect, test } from "vitest";

import { fill, room, usageText } from "./usage";

test.each([
  [10, null, "ok"],
  [89, 100, "ok"],
  [90, 100, "near"],
  [100, 100, "near"],
  [101, 100, "over"],
  [0, 0, "near"],
  [1, 0, "over"],
] as const)("%s of %s is %s", (used, limit, state) => {
  expect(room({ kind: "servers", used, limit, dropped: 0 })).toBe(state);
});

test("what has no limit is not full", () => {
  expect(fill({ kind: "series", used: 5, limit: null, dropped: 0 })).toBeNull();
  expect(fill({ kind: "series", used: 5, limit: 10, dropped: 0 })).toBe(0.5);
});

test("storage is read in IEC units, everything else as a number", () => {
  expect(usageText("storage_bytes", 1024 ** 3)).toBe("1.0\u00a0GiB");
  expect(usageText("servers", 1200)).toBe("1,200");
});
