import { api } from "../../api/client";
import type { Got } from "../../api/types";

/** What somebody can prove themselves with. */
export type Factors = Got<"/api/v1/auth/factors">;

/** A key that a device of the person keeps. */
export type Passkey = Factors["passkeys"][number];

/** What the person has set up. */
export const useFactors = () => api.useQuery("get", "/api/v1/auth/factors");
