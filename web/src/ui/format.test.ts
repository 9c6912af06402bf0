import { expect, test } from "vitest";

import {
  bytes,
  bytesAxis,
  celsius,
  clock,
  dayName,
  duration,
  exact,
  milliseconds,
  number,
  percent,
  rate,
  since,
  when,
} from "./format";
import { setZone } from "./zone";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1024 * 1023.7, "1.0 MiB"],
  [3.7 * 2 ** 30, "3.7 GiB"],
  [465.8 * 2 ** 30, "466 GiB"],
  [-2048, "-2.0 KiB"],
  [null, "–"],
  [Number.NaN, "–"],
])("%s bytes read %s", (n, text) => expect(plain(bytes(n))).toBe(text));

test.each([
  [0, "0 %"],
  [0.001, "1 %"],
  [0.633, "63 %"],
  [0.996, "99 %"],
  [1, "100 %"],
  [undefined, "–"],
])("%s of the whole reads %s", (n, text) => expect(plain(percent(n))).toBe(text));

test.each([
  [0, "0 s"],
  [59.9, "59 s"],
  [60, "1 min"],
  [3599, "59 min"],
  [7200, "2 h"],
  [86_400, "1 day"],
  [41 * 86_400, "41 days"],
  [400 * 86_400, "1 year"],
  [-5, "0 s"],
])("%s seconds read %s", (n, text) => expect(plain(duration(n))).toBe(text));

test("rates, degrees, plain numbers", () => {
  expect(plain(rate(4.2 * 2 ** 20))).toBe("4.2 MiB/s");
  expect(plain(celsius(46.6))).toBe("47 °C");
  expect(number(1234.4)).toBe("1,234");
  expect(number(0.384)).toBe("0.38");
  expect(number(12.34)).toBe("12.3");
  expect(plain(milliseconds(1400))).toBe("1.4 s");
  expect(plain(bytesAxis(120 * 2 ** 20))).toBe("120 M");
  expect(plain(bytesAxis(2.5 * 2 ** 20))).toBe("2.5 M");
  expect(bytesAxis(0)).toBe("0");
});

test("times", () => {
  const at = new Date(2026, 10, 23, 17, 37, 20).getTime();
  expect(clock(at)).toBe("17:37");
  expect(exact(at)).toBe("2026-11-23 17:37:20");
  expect(when(at, at + 60_000)).toBe("17:37");
  expect(when(at, at + 86_400_000)).toBe("23 Nov 17:37");
  expect(when(at, at + 86_400_000 * 100)).toBe("23 Nov 2026");
  expect(dayName(at, at + 60_000)).toBe("Today");
  expect(dayName(at, at + 86_400_000)).toBe("Yesterday");
  expect(dayName(at, at + 86_400_000 * 2)).toBe("Mon 23 November");
  expect(dayName(at, at + 86_400_000 * 100)).toBe("Mon 23 November 2026");
  expect(since(null, at)).toBe("never");
  expect(since(at, at + 400)).toBe("now");
  expect(since(at + 5000, at)).toBe("now");
  expect(plain(since(new Date(at).toISOString(), at + 125_000))).toBe("2 min");
});

test("times in a zone that a person chose", () => {
  const at = Date.UTC(2026, 10, 23, 22, 30, 5);
  const here = exact(at);
  setZone("Asia/Tokyo");
  expect(exact(at)).toBe("2026-11-24 07:30:05");
  expect(when(at, Date.UTC(2026, 10, 23, 14, 0))).toBe("24 Nov 07:30");
  setZone("America/New_York");
  expect(exact(at)).toBe("2026-11-23 17:30:05");
  setZone("Nowhere/Else");
  expect(exact(at)).toBe(here);
  setZone("");
  expect(exact(at)).toBe(here);
});
