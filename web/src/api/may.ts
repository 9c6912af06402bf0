import { useQuery } from "@tanstack/react-query";

import { meQuery } from "./session";

/** Whether the person who is signed in has a permission: "servers.write". */
export function useMay(permission: string): boolean {
  return useQuery(meQuery()).data?.permissions.includes(permission) ?? false;
}
