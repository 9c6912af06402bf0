import { api } from "../../api/client";
import type { components } from "../../api/schema";

/** A key that a device of the person keeps. */
export interface Passkey {
  id: string;
  name: string;
  /** The host it was made for, and works at. */
  rp_id: string;
  created_at: string;
  used_at: string | null;
}

/** What somebody can prove themselves with. */
export type Factors = components["schemas"]["Factors"] & { passkeys?: readonly Passkey[] };

/** What the person has set up. */
export function useFactors() {
  const query = api.useQuery("get", "/api/v1/auth/factors");
  return { ...query, data: query.data as Factors | undefined };
}
