import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Listed, ObjectsPage } from "./types";
import { Windows } from "./windows";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const total = 30_000;
let restarts = 0;

const pod = (n: number): Listed => ({
  cluster_id: "c1",
  kind: "pods",
  namespace: "shop",
  name: `web-${n}`,
  uid: String(n),
  created_at: "2026-11-24T10:00:00Z",
  status: "ok",
  ready: 1,
  want: 1,
  restarts: n === 0 ? restarts : 0,
});

function watched(...of: ConstructorParameters<typeof Windows>): Windows {
  const list = new Windows(...of);
  list.subscribe(() => undefined);
  return list;
}

function server() {
  const asked: [number, number][] = [];
  const ask = (offset: number, limit: number): Promise<ObjectsPage> => {
    asked.push([offset, limit]);
    const items = Array.from({ length: Math.min(limit, total - offset) }, (_, i) => pod(offset + i));
    return new Promise((resolve) => {
      setTimeout(() => resolve({ items, total, columns: [], sources: [] }), 20);
    });
  };
  return { asked, ask };
}

test("what is in sight is fetched, one question at a time", async () => {
  const { asked, ask } = server();
  const list = watched(ask);
  expect(list.row(0)).toBeUndefined();
  await vi.advanceTimersByTimeAsync(20);
  expect(list.total).toBe(total);
  expect(list.row(99)?.name).toBe("web-99");
  list.see(0, 40);
  expect(asked).toEqual([[0, 100]]);
  list.see(80, 130);
  for (let at = 1000; at < 20_000; at += 500) list.see(at, at + 50); // the bar is dragged
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual([
    [0, 100],
    [0, 200],
    [19_500, 100],
  ]);
  expect(list.row(19_540)?.name).toBe("web-19540");
});

test("changes are looked at five times a second at most, and rows that stayed the same are the same", async () => {
  const { asked, ask } = server();
  const list = watched(ask);
  await vi.advanceTimersByTimeAsync(20);
  list.see(0, 40);
  const [zero, one] = [list.row(0), list.row(1)];
  restarts = 7;
  for (let i = 0; i < 100; i++) {
    list.stir();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(asked.length).toBeLessThanOrEqual(7);
  expect(asked.length).toBeGreaterThan(3);
  await vi.advanceTimersByTimeAsync(500);
  expect(list.row(0)).not.toBe(zero);
  expect(list.row(0)?.restarts).toBe(7);
  expect(list.row(1)).toBe(one);
});

test("rows out of sight are fetched again when they come into sight, after something changed", async () => {
  const { asked, ask } = server();
  const list = watched(ask);
  await vi.advanceTimersByTimeAsync(20);
  list.see(1000, 1040);
  await vi.advanceTimersByTimeAsync(20);
  list.stir();
  await vi.advanceTimersByTimeAsync(500);
  const before = asked.length;
  list.see(0, 40);
  await vi.advanceTimersByTimeAsync(20);
  expect(asked.slice(before)).toEqual([[0, 100]]);
});

test("a failure is said, and what was there stays", async () => {
  let fails = true;
  const { ask } = server();
  const list = watched((...args) => (fails ? Promise.reject(new Error("gone")) : ask(args[0], args[1])));
  await vi.advanceTimersByTimeAsync(0);
  expect(list.error).toBeInstanceOf(Error);
  fails = false;
  list.retry();
  await vi.advanceTimersByTimeAsync(20);
  expect(list.error).toBeUndefined();
  expect(list.total).toBe(total);
  fails = true;
  list.stir();
  await vi.advanceTimersByTimeAsync(300);
  expect(list.error).toBeInstanceOf(Error);
  expect(list.row(5)?.name).toBe("web-5");
});

test("nothing is asked for when nobody looks", async () => {
  const { asked, ask } = server();
  const list = new Windows(ask);
  list.stir();
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toEqual([]);
  const stop = list.subscribe(() => undefined);
  stop();
  await vi.advanceTimersByTimeAsync(500);
  expect(list.total).toBeUndefined();
  list.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(20);
  expect(list.total).toBe(total);
});
