import { useQuery } from "@tanstack/react-query";

import { type Me, meQuery, type Must } from "./session";

/** Who is signed in; undefined before that is known. */
export const useMe = (): Me | undefined => useQuery(meQuery()).data;

const nothing: readonly Must[] = [];

/** What the person has to do before anything else opens. */
export const useMust = (): readonly Must[] => useMe()?.must ?? nothing;

/** Whether the person who is signed in has a permission: "servers.write". */
export function useMay(permission: string): boolean {
  return useMe()?.permissions.includes(permission) ?? false;
}
