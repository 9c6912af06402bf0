import { afterEach, expect, test } from "vitest";

import { address, fileHref, isOutside, pathOf, tenant, tenantHeader } from "./tenant";

afterEach(() => history.replaceState(null, "", "/"));

test("an address without a tenant is its path", () => {
  expect(tenant()).toBe("");
  expect(tenantHeader()).toEqual({});
  expect(address("/servers?q=nas")).toBe("/servers?q=nas");
  expect(fileHref("/api/v1/audit/export")).toBe("/api/v1/audit/export");
});

test("within a tenant every path, header and download names it", () => {
  history.replaceState(null, "", "/t/acme/servers?q=nas");
  expect(tenant()).toBe("acme");
  expect(tenantHeader()).toEqual({ "X-Tenant-ID": "acme" });
  expect(address("/")).toBe("/t/acme/");
  expect(address("/alerts#now")).toBe("/t/acme/alerts#now");
  expect(fileHref("/api/v1/audit/export")).toBe("/api/v1/audit/export?tenant=acme");
  expect(fileHref("/api/v1/audit/export?q=login")).toBe("/api/v1/audit/export?q=login&tenant=acme");
});

test("another tenant, and the pages before the sign-in, stay what they are", () => {
  history.replaceState(null, "", "/t/acme/");
  expect(address("/t/globex/servers")).toBe("/t/globex/servers");
  expect(address("/sign-in?next=%2Ft%2Facme%2F")).toBe("/sign-in?next=%2Ft%2Facme%2F");
  expect(isOutside("/sign-in/callback?code=1")).toBe(true);
  expect(isOutside("/settings")).toBe(false);
  expect(isOutside("/sign-in-log")).toBe(false);
});

test.each([
  ["/t/acme", "/"],
  ["/t/acme/", "/"],
  ["/t/acme/servers/1", "/servers/1"],
  ["/servers", "/servers"],
  ["/tags", "/tags"],
])("%s is the page %s", (from, to) => expect(pathOf(from)).toBe(to));
