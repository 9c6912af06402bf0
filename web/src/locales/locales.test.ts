import { afterEach, expect, test, vi } from "vitest";

import { chosenLanguage, followLanguage, languages, setLanguage, spoken } from "./choice";
import { en } from "./en";
import { backup as enBackup } from "./en/backup";
import { objects as enObjects } from "./en/objects";
import { parts as enParts } from "./en/parts";
import { clusters as enClusters } from "./en/clusters";
import { providers as enProviders } from "./en/providers";
import { support as enSupport } from "./en/support";
import { audit as enAudit } from "./en/audit";
import { channels as enChannels } from "./en/channels";
import { tenants as enTenants, usage as enUsage } from "./en/tenants";
import { tls as enTls } from "./en/tls";
import { upgrade as enUpgrade } from "./en/upgrade";
import { vault as enVault } from "./en/vault";
import { pl } from "./pl";
import { backup as plBackup } from "./pl/backup";
import { clusters as plClusters } from "./pl/clusters";
import { objects as plObjects } from "./pl/objects";
import { plural } from "./pl/plural";
import { parts as plParts } from "./pl/parts";
import { providers as plProviders } from "./pl/providers";
import { support as plSupport } from "./pl/support";
import { audit as plAudit } from "./pl/audit";
import { channels as plChannels } from "./pl/channels";
import { tenants as plTenants, usage as plUsage } from "./pl/tenants";
import { tls as plTls } from "./pl/tls";
import { upgrade as plUpgrade } from "./pl/upgrade";
import { vault as plVault } from "./pl/vault";

/** Every text by its path: what it says, or how many things it is told. */
function texts(messages: object, path = ""): Map<string, string | number> {
  const all = new Map<string, string | number>();
  for (const [key, value] of Object.entries(messages) as [string, unknown][]) {
    const here = path ? `${path}.${key}` : key;
    if (typeof value === "string") all.set(here, value);
    else if (typeof value === "function") all.set(here, value.length);
    else for (const [deeper, text] of texts(value as object, here)) all.set(deeper, text);
  }
  return all;
}

const english = texts({
  ...en,
  backup: enBackup,
  objects: enObjects,
  parts: enParts,
  clusters: enClusters,
  providers: enProviders,
  support: enSupport,
  audit: enAudit,
  channels: enChannels,
  tenants: enTenants,
  usage: enUsage,
  tls: enTls,
  upgrade: enUpgrade,
  vault: enVault,
});
const polish = texts({
  ...pl,
  backup: plBackup,
  objects: plObjects,
  parts: plParts,
  clusters: plClusters,
  providers: plProviders,
  support: plSupport,
  audit: plAudit,
  channels: plChannels,
  tenants: plTenants,
  usage: plUsage,
  tls: plTls,
  upgrade: plUpgrade,
  vault: plVault,
});

test("Polish says everything, and nothing that is gone", () => {
  expect([...polish.keys()].sort()).toEqual([...english.keys()].sort());
});

test("no sentence was left in English", () => {
  const same = [...polish].filter(
    ([key, text]) =>
      typeof text === "string" && text === english.get(key) && /^[A-Z][a-z]+ [a-z]+ /.test(text),
  );
  expect(same).toEqual([]);
});

const plain = (text: string) => text.replaceAll("\u00a0", " ");

test.each([
  [0, "0 serwerów"],
  [1, "1 serwer"],
  [2, "2 serwery"],
  [5, "5 serwerów"],
  [12, "12 serwerów"],
  [22, "22 serwery"],
  [25_001, "25 001 serwerów"],
])("%s servers in Polish", (n, text) => expect(plain(plural(n, "serwer", "serwery", "serwerów"))).toBe(text));

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

const browser = (...list: string[]) => vi.stubGlobal("navigator", { languages: list });

test("the browser's language is spoken, or English", () => {
  browser("pl-PL", "en");
  expect(spoken()).toBe("pl");
  browser("de", "pl");
  expect(spoken()).toBe("pl");
  browser("de");
  expect(spoken()).toBe("en");
});

test.each(languages)("$name is spoken where it is chosen", ({ code }) => {
  browser("de");
  vi.stubGlobal("location", { reload: vi.fn() });
  setLanguage(code);
  expect(spoken()).toBe(code);
});

test("a chosen language wins until it is given up", () => {
  browser("pl");
  vi.stubGlobal("location", { reload: vi.fn() });
  setLanguage("en");
  expect(location.reload).toHaveBeenCalledOnce();
  expect(spoken()).toBe("en");
  setLanguage("");
  expect(chosenLanguage()).toBe("");
  expect(spoken()).toBe("pl");
  setLanguage("tlh"); // nobody here speaks it
  expect(spoken()).toBe("pl");
});

test("the language somebody set for themselves follows them, with one page load", () => {
  browser("de");
  const reload = vi.fn();
  vi.stubGlobal("location", { reload });
  expect(followLanguage(undefined)).toBe(false); // the server does not say
  expect(followLanguage("")).toBe(false);
  expect(followLanguage("pl")).toBe(true);
  expect(followLanguage("pl")).toBe(false);
  expect(reload).toHaveBeenCalledOnce();
  expect(spoken()).toBe("pl");
});
