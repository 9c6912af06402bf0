import { expect, test, vi } from "vitest";

import { keys } from "./terminal-keys";

const press = (key: string, timeStamp: number, more: KeyboardEventInit & { code?: string } = {}) => {
  const event = new KeyboardEvent("keydown", { key, cancelable: true, ...more });
  Object.defineProperty(event, "timeStamp", { value: timeStamp });
  return event;
};

test("Tab goes to the program, and after Escape out of the terminal", () => {
  const handle = keys(vi.fn(), vi.fn());
  expect(handle(press("Tab", 0))).toBe(true);
  expect(handle(press("Escape", 1000))).toBe(true); // the program has it, too
  expect(handle(press("Shift", 1500))).toBe(true);
  expect(handle(press("Tab", 2000, { shiftKey: true }))).toBe(false);
});

test("Escape alone, long ago or followed by another key, takes nothing from the program", () => {
  const handle = keys(vi.fn(), vi.fn());
  handle(press("Escape", 1000));
  expect(handle(press("Tab", 3500))).toBe(true);
  handle(press("Escape", 4000));
  handle(press(":", 4100));
  expect(handle(press("Tab", 4200))).toBe(true);
});

test("Ctrl-Shift-C copies and Ctrl-C does not", () => {
  const [copy, find] = [vi.fn(), vi.fn()];
  const handle = keys(copy, find);
  expect(handle(press("c", 0, { ctrlKey: true, code: "KeyC" }))).toBe(true);
  const event = press("C", 0, { ctrlKey: true, shiftKey: true, code: "KeyC" });
  expect(handle(event)).toBe(false);
  expect(event.defaultPrevented).toBe(true);
  expect(copy).toHaveBeenCalledOnce();
  expect(handle(press("F", 0, { ctrlKey: true, shiftKey: true, code: "KeyF" }))).toBe(false);
  expect(find).toHaveBeenCalledOnce();
});

test("Ctrl-Shift-V is neither for the program nor taken from the browser, which pastes", () => {
  const handle = keys(vi.fn(), vi.fn());
  const event = press("V", 0, { ctrlKey: true, shiftKey: true, code: "KeyV" });
  expect(handle(event)).toBe(false);
  expect(event.defaultPrevented).toBe(false);
});
