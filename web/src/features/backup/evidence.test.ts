import { expect, test } from "vitest";

import { evidenceOf } from "./evidence";

const none = { moment: "", tables: [], opened: "", place: "", name: "", sha256: "" };

test("evidence is read as it was kept", () => {
  const table = { table: "servers", rows: 12, digest: "ab12" };
  const kept = { moment: "2026-11-24T11:20:00Z", tables: [table], opened: "channels/secret/1" };
  expect(evidenceOf(kept)).toEqual({ ...none, ...kept });
  expect(evidenceOf({ tables: [], opened: "", sha256: "5d41", place: "/mnt", name: "a.db" }).sha256).toBe(
    "5d41",
  );
});

test.each([undefined, null, "", [], { tables: null }, { tables: [null, { rows: 1 }], moment: 4 }])(
  "%o proves nothing, and breaks nothing",
  (kept) => expect(evidenceOf(kept)).toEqual(none),
);
