import type { ClusterTest } from "../../api/types";

type Right = ClusterTest["rights"][number];

/** What the credential may not. */
export const missing = (rights: readonly Right[]): Right[] => rights.filter(({ allowed }) => !allowed);
