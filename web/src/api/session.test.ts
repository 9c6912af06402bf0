import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { queries } from "./client";
import { enter, forget, type Me, meQuery } from "./session";
import { address, setTenancy, tenant } from "./tenant";

const signIn = (multi_tenancy: boolean, id = "home") =>
  queries.setQueryData(meQuery().queryKey, { multi_tenancy, tenant: { id } } as Me);

const visit = (path: string) => history.replaceState(null, "", path);
const lead = async (path: string) => (await enter(path)).to;

beforeEach(() => {
  forget();
  setTenancy(true);
});
afterEach(() => {
  vi.unstubAllGlobals();
  visit("/");
});

test("with one tenant an address stays as it is", async () => {
  signIn(false);
  visit("/servers?q=nas");
  expect(await lead("/servers?q=nas")).toBeUndefined();
});

test("with one tenant an address that names one loses it", async () => {
  signIn(false);
  visit("/t/acme/servers");
  expect(await lead("/servers")).toBe("/servers");
  expect(address("/servers")).toBe("/servers");
  expect(queries.getQueryData(meQuery().queryKey)).toBeUndefined(); // it was asked of acme
});

test("with many tenants an address gets one's own, and keeps another", async () => {
  signIn(true);
  visit("/servers");
  expect(await lead("/servers?q=nas")).toBe("/t/home/servers?q=nas");
  visit("/t/acme/servers");
  expect(await lead("/servers")).toBeUndefined();
  expect(tenant()).toBe("acme");
});

test("tenants come and go while the page is open", async () => {
  signIn(false);
  visit("/servers");
  expect(await lead("/servers")).toBeUndefined();
  signIn(true);
  expect(await lead("/servers")).toBe("/t/home/servers");
  visit("/t/home/servers");
  expect(await lead("/servers")).toBeUndefined();
  signIn(false);
  expect(await lead("/servers")).toBe("/servers");
});

test("the tenant of an open page never changes without a page load", async () => {
  const reload = vi.fn();
  const at = (pathname: string) => vi.stubGlobal("location", { pathname, reload });
  signIn(true, "acme");
  at("/t/acme/servers");
  await enter("/servers");
  expect(reload).not.toHaveBeenCalled();
  at("/t/globex/servers");
  void enter("/servers");
  await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce());
});
