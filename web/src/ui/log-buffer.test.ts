import { expect, test, vi } from "vitest";

import { cells, LogBuffer, LogRows, LogSearch } from "./log-buffer";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ text: `line ${from + i}` }));

test("the oldest lines go and are counted, and a line keeps its number", () => {
  const buffer = new LogBuffer(3);
  buffer.append(lines(0, 5));
  expect([buffer.first, buffer.end]).toEqual([2, 5]);
  expect(buffer.line(1)).toBeUndefined();
  expect(buffer.line(4)?.text).toBe("line 4");
  expect(buffer.size).toBe(18);
});

test("few lines that are too long go, too; one longer than everything stays alone", () => {
  const buffer = new LogBuffer(100, 20);
  buffer.append([{ text: "x".repeat(12) }, { text: "y".repeat(12) }]);
  expect([buffer.first, buffer.size]).toEqual([1, 12]);
  buffer.append([{ text: "z".repeat(50) }]);
  expect([buffer.first, buffer.end, buffer.size]).toEqual([2, 3, 50]);
});

test("a million lines leave what was promised", () => {
  const buffer = new LogBuffer();
  for (let i = 0; i < 100; i++) buffer.append(lines(i * 10_000, (i + 1) * 10_000));
  expect(buffer.end - buffer.first).toBe(50_000);
  expect(buffer.first).toBe(950_000);
});

test("who looks is told once for each lot, and after it was emptied", () => {
  const buffer = new LogBuffer();
  const tell = vi.fn();
  const stop = buffer.subscribe(tell);
  buffer.append(lines(0, 100));
  buffer.clear();
  expect(tell).toHaveBeenCalledTimes(2);
  expect([buffer.size, buffer.line(5)]).toEqual([0, undefined]);
  stop();
  buffer.append(lines(0, 1));
  expect(tell).toHaveBeenCalledTimes(2);
});

test("what is copied has times, names and no colours", () => {
  const buffer = new LogBuffer();
  buffer.append([{ text: "\u001b[31mfailed\u001b[0m", at: 0, source: "api-1" }, { text: "plain" }]);
  expect(buffer.text()).toBe("1970-01-01T00:00:00.000Z api-1 failed\nplain");
});

test("rows are found by lines and lines by rows, while lines come and go", () => {
  const buffer = new LogBuffer(4);
  buffer.append([{ text: "short" }, { text: "x".repeat(25) }, { text: "" }]);
  const rows = new LogRows(buffer, 10, () => 0);
  expect(rows.total).toBe(5);
  expect([0, 1, 3, 4, 99].map((row) => rows.at(row))).toEqual([0, 1, 1, 2, 2]);
  buffer.append([{ text: "x".repeat(11) }, { text: "y" }]); // the first goes
  rows.sync();
  expect(rows.total).toBe(7);
  expect(rows.gone).toBe(1);
  expect([rows.above(1), rows.above(2), rows.above(4)]).toEqual([0, 3, 6]);
  buffer.append(lines(0, 50)); // all go, and most were never seen
  rows.sync();
  expect(rows.total).toBe(4);
  expect(rows.at(3)).toBe(buffer.end - 1);
});

test("what stands before a line counts, and unwrapped lines are one row each", () => {
  const buffer = new LogBuffer();
  buffer.append([{ text: "12345678", source: "pod" }, { text: "x".repeat(500) }]);
  expect(new LogRows(buffer, 10, (line) => (line.source ? 4 : 0)).above(1)).toBe(2);
  expect(new LogRows(buffer, 0, () => 0).total).toBe(2);
});

test.each([
  ["ascii", 5],
  ["zażółć", 6],
  ["東京", 4],
  ["🚢 x", 4],
])("%s takes %d columns", (text, count) => expect(cells(text)).toBe(count));

test("lines are found in parts, in both directions, round the end", () => {
  const buffer = new LogBuffer(1000);
  buffer.append(lines(0, 100));
  const search = new LogSearch(buffer, "LINE 9");
  expect(search.step(50)).toBe(true);
  expect(search.count).toBe(1);
  expect(search.step(50)).toBe(false);
  expect(search.count).toBe(11); // 9 and 90 to 99
  expect([search.next(9), search.next(99), search.previous(90), search.previous(9)]).toEqual([90, 9, 9, 99]);
  expect([search.place(9), search.place(91), search.place(10)]).toEqual([1, 3, 0]);
  buffer.append(lines(100, 1090)); // the first 90 go
  while (search.step(500));
  expect(search.next(-1)).toBe(90);
  expect(search.place(90)).toBe(1);
});

test("colours do not hide a text, and what means something in a pattern is sought as it is", () => {
  const buffer = new LogBuffer();
  buffer.append([{ text: "a \u001b[1mb\u001b[0m (c)" }, { text: "a b c" }]);
  const found = (query: string) => {
    const search = new LogSearch(buffer, query);
    search.step(10);
    return search.count;
  };
  expect([found("a b"), found("(c)"), found("[1m"), found("")]).toEqual([2, 1, 0, 0]);
});
