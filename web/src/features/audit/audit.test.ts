import { expect, test } from "vitest";

import { label, readDetail, summary } from "./diff";
import { everything, exportHref, narrows, queryOf, readFilter } from "./filter";

const now = Date.parse("2026-11-24T08:00:42Z");

test("an address holds the filter, and nonsense in it is not asked for", () => {
  const filter = readFilter(new URLSearchParams("q=login&actor=u1&result=refused&range=week&thing=s1"));
  expect(filter).toEqual({
    q: "login",
    actor: "u1",
    thing: "s1",
    result: "refused",
    range: "week",
    scope: "here",
  });
  expect(narrows(filter)).toBe(true);
  expect(queryOf(filter, now).from).toBe("2026-11-17T08:00:00.000Z");
  const other = readFilter(new URLSearchParams("result=perhaps&range=century&scope=all"));
  expect(other).toMatchObject({ result: undefined, range: "all", scope: "here" });
  expect(narrows(other)).toBe(false);
  expect(narrows(readFilter(new URLSearchParams("scope=system")))).toBe(false);
});

test("clearing leaves nothing out", () => {
  const url = new URLSearchParams("q=a&actor=b&thing=c&result=done&range=day");
  for (const name of Object.keys(everything)) url.delete(name);
  expect(narrows(readFilter(url))).toBe(false);
});

test("the download has the filter of the list, and names the appliance", () => {
  expect(exportHref(readFilter(new URLSearchParams()), now)).toBe("/api/v1/audit/export");
  const filter = readFilter(new URLSearchParams("q=a+b&range=hour&scope=system"));
  expect(exportHref(filter, now)).toBe(
    "/api/v1/audit/export?q=a+b&from=2026-11-24T07%3A00%3A00.000Z&tenant=system",
  );
});

test("a detail is read as lines, by the name of the field", () => {
  expect(readDetail({ changes: { port: [22, 23], name: ["a", "b"] } })).toEqual({
    kind: "changes",
    lines: [
      { field: "name", before: "a", after: "b" },
      { field: "port", before: 22, after: 23 },
    ],
  });
  expect(readDetail({ was: { name: "db" } })).toEqual({
    kind: "was",
    lines: [{ field: "name", before: undefined, after: "db" }],
  });
  expect(readDetail({ role: "owner" }).kind).toBe("facts");
  for (const nothing of [null, undefined, "", [], {}]) expect(readDetail(nothing).lines).toEqual([]);
});

test("a row says in a few words what it is about", () => {
  expect(summary({ changes: { poll_seconds: [1, 2], "config.url": ["a", "b"] } })).toBe(
    "config › url, poll seconds",
  );
  expect(summary({ name: "db", changes: { port: [1, 2] } })).toBe("db: port");
  expect(summary({ set: { host: "h", name: "db" } })).toBe("db");
  expect(summary({ was: { host: "h" } })).toBe("");
  expect(summary({ role: "owner" })).toBe("owner");
  expect(summary({})).toBe("");
  expect(label("config.headers.X-Key")).toBe("Config › headers › X-Key");
});
