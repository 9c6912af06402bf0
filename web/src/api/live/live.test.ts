import { expect, test } from "vitest";

import { touches } from "./kinds";
import { parser, type StreamEvent } from "./sse";
import { allOf, inside, matches, union, within } from "./wants";

function parse(...chunks: string[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const feed = parser((event) => events.push(event));
  for (const chunk of chunks) feed(chunk);
  return events;
}

test("events arrive whole, however the network cuts them", () => {
  const text = ': hello\n\nid: b-1\nevent: change\ndata: {"kind":\ndata: "servers"}\n\n';
  const want = [{ id: "b-1", name: "change", data: '{"kind":\n"servers"}' }];
  expect(parse(text)).toEqual(want);
  expect(parse(...text)).toEqual(want);
  expect(parse(text.replaceAll("\n", "\r\n"))).toEqual(want);
});

test("an event without an id keeps the last one; heartbeats are none", () => {
  const events = parse("id: b-1\ndata: 1\n\n: heartbeat\n\nevent: reset\ndata: {}\n\n", "event: half");
  expect(events).toEqual([
    { id: "b-1", name: "message", data: "1" },
    { id: "b-1", name: "reset", data: "{}" },
  ]);
});

test("the wants of all tabs become one, without what a wider one covers", () => {
  expect(
    union([
      ["s1|cpu", "s2|cpu"],
      ["s1|cpu", "s3|load"],
    ]),
  ).toEqual(["s1|cpu", "s2|cpu", "s3|load"]);
  expect(union([["*|cpu"], ["s1|cpu", "s1|load"]])).toEqual(["*|cpu", "s1|load"]);
  expect(union([["s1|*", "s1|cpu"], []])).toEqual(["s1|*"]);
  expect(union([])).toEqual([]);
});

test("wanting less than is sent needs no new connection", () => {
  expect(within(["s1|cpu"], ["*|cpu", "s2|load"])).toBe(true);
  expect(within(["s1|load"], ["*|cpu", "s2|load"])).toBe(false);
  expect(within([], [])).toBe(true);
});

test("samples and objects are wanted apart", () => {
  const tabs = [
    { samples: ["s1|cpu"], objects: ["c1|pods", "c1|nodes"] },
    { samples: [], objects: ["*|pods"] },
  ];
  const all = allOf(tabs);
  expect(all).toEqual({ samples: ["s1|cpu"], objects: ["*|pods", "c1|nodes"] });
  expect(inside({ samples: [], objects: ["c2|pods"] }, all)).toBe(true);
  expect(inside({ samples: ["c2|pods"], objects: [] }, all)).toBe(false);
});

test("a sample goes to those who asked for it", () => {
  expect(matches(["*|cpu"], "s1", "cpu")).toBe(true);
  expect(matches(["s2|cpu", "s1|*"], "s1", "load")).toBe(true);
  expect(matches(["s2|cpu"], "s1", "cpu")).toBe(false);
});

test("a change touches what shows it, and nothing else", () => {
  const change = { kind: "servers", id: "s1", rev: 2 };
  const key = (path: string, id?: string) => [
    "get",
    `/api/v1${path}`,
    id ? { params: { path: { id } } } : {},
  ];
  expect(touches(key("/servers"), change)).toBe(true);
  expect(touches(key("/servers/{id}", "s1"), change)).toBe(true);
  expect(touches(key("/servers/{id}", "s2"), change)).toBe(false);
  expect(touches(key("/servers/{id}/snapshots/{sid}", "s1"), change)).toBe(true);
  expect(touches(key("/servers/{id}/metrics", "s1"), change)).toBe(false);
  expect(touches(key("/system/dashboard"), change)).toBe(true);
  expect(touches(key("/alerts"), change)).toBe(false);
  expect(touches(key("/servers"), { kind: "alerts", id: "a1", rev: 1 })).toBe(true);
  expect(touches(key("/serversome"), change)).toBe(false);
});
