import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { destination, switched } from "./virtual-cursor";
import { span } from "./virtual-rows";
import type { WideColumn } from "./VirtualTable";

vi.stubGlobal("matchMedia", () => ({
  matches: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
Element.prototype.scrollIntoView = () => undefined; // jsdom has no layout to scroll
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
const { VirtualTable } = await import("./VirtualTable");

interface Row {
  id: string;
  state: string;
}

let drawn: string[] = [];
const columns: WideColumn<Row>[] = [
  {
    key: "name",
    head: "Name",
    phone: "name",
    cell: (row) => {
      drawn.push(row.id);
      return row.id;
    },
  },
  { key: "state", head: "State", cell: (row) => row.state },
];

let root: Root;
let place: HTMLElement;
beforeEach(() => {
  drawn = [];
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  place.remove();
});

const rows = Array.from({ length: 1000 }, (_, i): Row => ({ id: `pod-${i}`, state: "Running" }));

function draw(list: readonly (Row | undefined)[], rest: object = {}) {
  const onRange = vi.fn();
  const row = (i: number) => list[i];
  act(() =>
    root.render(
      <VirtualTable
        label="Pods"
        columns={columns}
        total={list.length}
        row={row}
        onRange={onRange}
        id={(one) => one.id}
        {...rest}
      />,
    ),
  );
  return onRange;
}

const grid = () => place.querySelector('[role="grid"]')!;
const press = (key: string, more: object = {}) =>
  act(() => grid().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more })));

test("only what is in sight is drawn, and asked for", () => {
  const onRange = draw(rows);
  expect(drawn.length).toBeLessThan(60);
  expect(onRange).toHaveBeenCalledExactlyOnceWith(0, drawn.length);
  expect(grid().getAttribute("aria-rowcount")).toBe("1001");
  expect(document.getElementById(grid().getAttribute("aria-activedescendant")!)).not.toBeNull();
});

test("one row that changes draws one row", () => {
  draw(rows);
  drawn = [];
  draw(rows.with(3, { id: "pod-3", state: "Failed" }));
  expect(drawn).toEqual(["pod-3"]);
  expect(place.querySelector('[aria-rowindex="5"]')?.textContent).toBe("pod-3Failed");
});

test("moving the cursor and opening another row draw no row that did not change", () => {
  draw(rows);
  drawn = [];
  press("ArrowDown");
  expect(drawn).toEqual([]);
  draw(rows, { active: "pod-2" });
  expect(drawn).toEqual(["pod-2"]);
});

test("scrolling draws the rows that come into sight and no other", () => {
  draw(rows);
  const before = new Set(drawn);
  drawn = [];
  const body = place.querySelector<HTMLElement>(".vt-body")!;
  body.getBoundingClientRect = () => ({ top: -24 * 32 }) as DOMRect;
  act(() => document.dispatchEvent(new Event("scroll")));
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.filter((id) => before.has(id))).toEqual([]);
});

test("a row that is not there yet is a skeleton that cannot be selected", () => {
  draw([rows[0], undefined], { onSelect: vi.fn(), selected: new Set() });
  const second = place.querySelector('[aria-rowindex="3"]')!;
  expect(second.getAttribute("aria-busy")).toBe("true");
  expect(second.querySelector("input")).toBeNull();
});

test("Space selects, Shift with an arrow goes on, Enter opens, Ctrl-A takes all", () => {
  const onSelect = vi.fn();
  const onOpen = vi.fn();
  const onSelectAll = vi.fn();
  draw(rows, { onSelect, onOpen, onSelectAll, selected: new Set(["pod-7"]) });
  press("ArrowDown");
  press(" ");
  expect(onSelect).toHaveBeenLastCalledWith(new Set(["pod-7", "pod-1"]));
  press("ArrowDown", { shiftKey: true });
  expect(onSelect).toHaveBeenLastCalledWith(new Set(["pod-7", "pod-1", "pod-2"]));
  press("End");
  press("Enter");
  expect(onOpen).toHaveBeenLastCalledWith(rows[999]);
  press("a", { ctrlKey: true });
  expect(onSelectAll).toHaveBeenCalledOnce();
});

test("Shift and a checkbox take everything since the last one", () => {
  const onSelect = vi.fn();
  draw(rows, { onSelect, selected: new Set() });
  const boxes = place.querySelectorAll<HTMLElement>('[role="row"] input');
  act(() => boxes[1]?.click());
  act(() => boxes[4]?.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true })));
  expect(onSelect).toHaveBeenLastCalledWith(new Set(["pod-1", "pod-2", "pod-3", "pod-4"]));
});

test.each([
  ["ArrowDown", 9, 9],
  ["ArrowUp", 0, 0],
  ["PageDown", 2, 6],
  ["PageUp", 2, 0],
  ["Home", 5, 0],
  ["End", 5, 9],
  ["x", 5, undefined],
])("%s at row %d of 10 goes to %s", (key, at, to) => expect(destination(key, at, 10, 4)).toBe(to));

test("a range leaves out what is not fetched", () => {
  const list = { total: 3, row: (i: number) => [rows[0], undefined, rows[2]][i], id: (row: Row) => row.id };
  expect(switched(list, 2, 0, true)).toEqual(new Set(["pod-0", "pod-2"]));
  expect(switched({ ...list, selected: new Set(["pod-0", "pod-9"]) }, 0, 2, false)).toEqual(
    new Set(["pod-9"]),
  );
});

test.each([
  [0, 0, 36],
  [-500, 0, 20], // below what is in sight
  [31 * 32, 20, 68],
  [29_990 * 32, 29_980, 30_000],
  [1e9, 29_992, 30_000], // it became shorter
])("scrolled by %d px, rows %d to %d of 30,000 are drawn", (top, first, last) =>
  expect(span(top, 1000, 32, 30_000)).toEqual([first, last]),
);
