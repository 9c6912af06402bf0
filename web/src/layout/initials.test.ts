import { expect, test } from "vitest";

import { initials } from "./initials";

test.each([
  ["Northwind Traders", "NT"],
  ["acme", "AC"],
  ["home-lab.two", "HL"],
  ["  Żółw ", "ŻÓ"],
  ["x", "X"],
  ["", ""],
])("%s is short for %s", (name, text) => expect(initials(name)).toBe(text));
