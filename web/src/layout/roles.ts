// Roles, from the one that may least.
import { useMe } from "../api/may";
import type { Member } from "../api/types";

/** What somebody is in a tenant. */
export type Role = Member["role"];

/** Every role, in order of what it may. */
export const roles: readonly Role[] = ["viewer", "member", "admin", "owner"];

/** Whether one role may more than another. */
export const above = (a: Role, b: Role): boolean => roles.indexOf(a) > roles.indexOf(b);

/** The highest role that the person may give: their own, or any as an administrator of the appliance. */
export function useOwnRole(): Role {
  const me = useMe();
  if (me?.user.is_admin) return "owner";
  return roles.find((role) => role === me?.role) ?? "viewer";
}
