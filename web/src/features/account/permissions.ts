// What a key may do: a thing, a dot, what with it.
import { t } from "../../locales";

// A key never holds what belongs to the appliance, nor what only says that somebody is signed in.
const apart = /^(public|signed_in|self|system\.write|(tenants|users|providers|vault)\..*)$/;

/** Those of a person's permissions that a key of theirs can hold. */
export const forKeys = (mine: readonly string[]): string[] => mine.filter((each) => !apart.test(each));

/** Those that only look. */
export const reading = (all: readonly string[]): string[] => all.filter((each) => each.endsWith(".read"));

const split = (permission: string): [string, string] => {
  const [thing = "", verb = ""] = permission.split(".");
  return [thing, verb];
};

const word = (words: Readonly<Record<string, string>>, name: string) => words[name] ?? name;

/** "Change", of servers.write. */
export const verbOf = (permission: string): string => word(t.apiKeys.verbs, split(permission)[1]);

/** "Change servers", of servers.write. */
export const permissionName = (permission: string): string =>
  `${verbOf(permission)} ${word(t.apiKeys.things, split(permission)[0]).toLowerCase()}`;

/** Permissions by the thing they are about, in the order they come. */
export function byThing(all: readonly string[]): { thing: string; name: string; permissions: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const each of all) {
    const [thing] = split(each);
    groups.set(thing, [...(groups.get(thing) ?? []), each]);
  }
  return [...groups].map(([thing, permissions]) => ({
    thing,
    name: word(t.apiKeys.things, thing),
    permissions,
  }));
}

/** A command that shows that a key works, with something it may do. */
export function example(key: string, permissions: readonly string[]): string {
  const path = permissions.includes("servers.read") ? "servers" : "auth/me";
  return `curl -H "Authorization: Bearer ${key}" \\\n  ${location.origin}/api/v1/${path}`;
}
