import { expect, test } from "vitest";

import { isName } from "./host";

test.each([
  ["unity.home.arpa", true],
  ["localhost", true],
  ["10.example", true],
  ["192.168.1.20", false],
  ["[fe80::1]", false],
  ["fe80::1", false],
])("%s is a name: %s", (host, name) => {
  expect(isName(host)).toBe(name);
});
