import { expect, test } from "vitest";

import {
  type AcmeForm,
  authorityAt,
  dnsSecret,
  hasDnsSecret,
  hasEabSecret,
  keyless,
  passes,
  stepOfField,
  toAcme,
  toForm,
  toSecrets,
} from "./acme";
import type { Acme, Tls } from "./types";

const encrypt = "https://acme-v02.api.letsencrypt.org/directory";
const zero = "https://acme.zerossl.com/v2/DV90";
const dns = { provider: "", server: "", key_name: "", algorithm: "", api: "" } as const;

const stored: Acme = {
  directory: encrypt,
  staging: "",
  email: "lea@example.org",
  agreed: true,
  challenge: "http",
  dns,
  eab_key_id: "",
  roots: "",
  resolver: "",
};
const state = (acme: Partial<Acme>, more: Partial<Tls> = {}) =>
  ({ acme: { ...stored, ...acme }, dns_secret_set: false, eab_secret_set: false, ...more }) as Tls;
const form = (more: Partial<AcmeForm>): AcmeForm => ({ ...toForm(state({})), ...more });

test.each([
  ["a known authority", {}],
  [
    "one of one's own",
    { directory: "https://ca.lan/acme/directory", staging: "https://ca.lan/try", roots: "PEM" },
  ],
  ["a bound account", { directory: zero, eab_key_id: "k1" }],
  [
    "a name server",
    {
      challenge: "dns",
      dns: { ...dns, provider: "rfc2136", server: "ns:53", key_name: "k", algorithm: "hmac-sha512" },
    },
  ],
  [
    "a service",
    {
      challenge: "dns",
      dns: { ...dns, provider: "desec", api: "https://desec.lan" },
      resolver: "9.9.9.9:53",
    },
  ],
] as [string, Partial<Acme>][])("%s is sent as it was stored", (_, acme) => {
  expect(toAcme(toForm(state(acme)))).toEqual({ ...stored, ...acme });
});

test("terms are agreed to for one authority only", () => {
  expect(toAcme(form({})).agreed).toBe(true);
  expect(toAcme(form({ authority: "zerossl" })).agreed).toBe(false);
  expect(toAcme(form({ authority: "other", agreed: "" })).agreed).toBe(false);
});

test("what goes with another choice is kept, and not sent", () => {
  const typed = form({
    authority: "letsencrypt",
    directory: "https://ca.lan/acme",
    roots: "PEM",
    bindings: { zerossl: { id: "k1", key: "secret" } },
    provider: "rfc2136",
    server: "ns:53",
    secrets: { cloudflare: "token" },
  });
  expect(toAcme(typed)).toEqual(stored);
  expect(toSecrets(state({}), typed)).toEqual({});
  const again = { ...typed, authority: "zerossl" } as const;
  expect(toAcme(again).eab_key_id).toBe("k1");
  expect(toSecrets(state({}), again)).toEqual({ eab_secret: "secret" });
  expect(dnsSecret({ ...typed, challenge: "dns", provider: "cloudflare" })).toBe("token");
  expect(dnsSecret({ ...typed, challenge: "dns", provider: "desec" })).toBeUndefined();
});

test("a stored secret stays with what it was given for", () => {
  const had = state({ challenge: "dns", dns: { ...dns, provider: "desec" } }, { dns_secret_set: true });
  expect(hasDnsSecret(had, toForm(had))).toBe(true);
  expect(hasDnsSecret(had, { ...toForm(had), provider: "hetzner" })).toBe(false);
  const tied = state({ directory: zero, eab_key_id: "k1" }, { eab_secret_set: true });
  expect(hasEabSecret(tied, toForm(tied))).toBe(true);
  expect(toSecrets(tied, toForm(tied))).toEqual({});
  const other = { ...toForm(tied), bindings: { zerossl: { id: "k2", key: "" } } };
  expect(hasEabSecret(tied, other)).toBe(false);
});

test("a binding that is given up takes its key along", () => {
  const tied = state({ directory: zero, eab_key_id: "k1" }, { eab_secret_set: true });
  expect(toSecrets(tied, { ...toForm(tied), authority: "letsencrypt" })).toEqual({ eab_secret: "" });
});

test.each([
  ["body.acme.email", "authority"],
  ["body.acme.dns.provider", "challenge"],
  ["server", "challenge"],
  ["body.dns_secret", "challenge"],
  ["body.acme.agreed", "check"],
  ["body.eab_secret", "authority"],
])("%s is mended on the step %s", (field, step) => expect(stepOfField(field)).toBe(step));

test.each([
  ["localhost", true],
  ["127.0.0.1:5353", true],
  ["[::1]:53", true],
  ["ns1.example.org:53", false],
])("%s takes updates without a key: %s", (server, so) => expect(keyless(server)).toBe(so));

test("a directory is known by its address", () => {
  expect(authorityAt(zero)).toBe("zerossl");
  expect(authorityAt("https://ca.lan")).toBe("other");
});

test("only what has to be mended stands in the way", () => {
  const finding = { what: "http", text: "" } as const;
  const report = (...findings: { ok: boolean; hard: boolean }[]) => ({
    terms: "",
    binding: false,
    findings: findings.map((each) => ({ ...finding, ...each })),
  });
  expect(passes(report({ ok: true, hard: true }, { ok: false, hard: false }))).toBe(true);
  expect(passes(report({ ok: false, hard: true }))).toBe(false);
});
