import { useQuery } from "@tanstack/react-query";

import { meQuery } from "./session";

/** Who is signed in; undefined before that is known. */
export const useMe = () => useQuery(meQuery()).data;

/** Whether the person who is signed in has a permission: "servers.write". */
export function useMay(permission: string): boolean {
  return useMe()?.permissions.includes(permission) ?? false;
}
