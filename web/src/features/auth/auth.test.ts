import { afterEach, expect, test } from "vitest";

import { wayBack } from "./next";
import { takeToken } from "./token";

afterEach(() => history.replaceState(null, "", "/"));

test("sign-in leads back to pages of ours only", () => {
  expect(wayBack("?next=%2Fservers%3Fq%3Dnas")).toBe("/servers?q=nas");
  expect(wayBack("")).toBe("/");
  expect(wayBack("?next=https://evil.example/")).toBe("/");
  expect(wayBack("?next=//evil.example/x")).toBe("/");
  expect(wayBack("?next=/\\evil.example")).toBe("/");
});

test.each(["/setup#token=abc", "/setup?token=abc"])("%s gives its token away once", (address) => {
  history.replaceState(null, "", address);
  expect(takeToken()).toBe("abc");
  expect(location.href).not.toContain("abc");
  expect(takeToken()).toBe("");
});
