// The routes that the document of the API does not name yet, in its own terms.
import type createFetchClient from "openapi-fetch";
import createClient from "openapi-react-query";

import { request } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** What is counted of a tenant, and may be limited. */
export type UsageKind = "servers" | "users" | "series" | "storage_bytes" | "api_calls_hour";

/** How much of one kind a tenant has, and may have at most. */
export interface Usage {
  kind: UsageKind;
  used: number;
  limit: number | null;
}

/** Limits by kind; what is not named is not limited. */
export type Quota = Partial<Record<UsageKind, number>>;

/** A tenant as administrators of the appliance see it, with what it has. */
export type TenantRow = Schemas["Tenant"] & { usage?: readonly Usage[] };

/** How much of one kind goes with a tenant. */
export interface Content {
  kind: string;
  n: number;
}

type Role = Schemas["Membership"]["role"];

/** Whoever has this value in this claim gets this role there. */
export interface Mapping {
  claim: string;
  value: string;
  tenant: string;
  role: Role;
}

/** What describes a provider. */
export interface ProviderDraft {
  name: string;
  issuer: string;
  client_id: string;
  client_secret: string;
  scopes: string[];
  username_claim: string;
  enabled: boolean;
  create_users: boolean;
  link_email: boolean;
  trust_email: boolean;
  second_factor: boolean;
  mappings: Mapping[];
}

/** An identity provider. */
export interface Provider extends ProviderDraft {
  id: string;
  rev: number;
  created_at: string;
}

/** What a token would bring its owner. */
export interface Trial {
  verified: boolean;
  why_not?: string;
  claims: Record<string, unknown>;
  plan: {
    username: string;
    email: string;
    grants: { tenant: string; role: Role; source: "invitation" | "provider" }[];
    ends: string[];
  };
  refusal?: string;
  message?: string;
}

/** What people may know of the keys. */
export interface Vault {
  source: "file" | "credential" | "passphrase";
  locked: boolean;
  rotating: boolean;
  created_at: string;
  keysets: Keyset[];
}

/** What people may know of the keys of one tenant. */
export interface Keyset {
  tenant_id: string;
  created_at: string;
  rotated_at: string | null;
  rotating: boolean;
}

interface Params {
  query?: never;
  header?: { "If-Match"?: string };
  path?: never;
  cookie?: never;
}
type WithID = Omit<Params, "path"> & { path: { id: string } };
interface Op<P, In, Out> {
  parameters: P;
  requestBody: [In] extends [never] ? undefined : { content: { "application/json": In } };
  responses: {
    200: { headers: Record<string, unknown>; content: { "application/json": Out } };
    default: {
      headers: Record<string, unknown>;
      content: { "application/problem+json": Schemas["Problem"] };
    };
  };
}
type Get<P, Out> = Omit<Op<P, never, Out>, "requestBody"> & { requestBody?: never };

interface Coming {
  "/api/v1/usage": { get: Get<Params, { items: Usage[] }> };
  "/api/v1/tenants/{id}/contents": { get: Get<WithID, { items: Content[] }> };
  "/api/v1/tenants/{id}": { delete: Get<WithID, Schemas["Job"]> };
  "/api/v1/vault": { get: Get<Params, Vault> };
  "/api/v1/vault/rotate": {
    post: Op<Params, { master?: boolean; passphrase?: string }, Schemas["Job"]>;
  };
  "/api/v1/providers": {
    get: Get<Params, { items: Provider[] }>;
    post: Op<Params, ProviderDraft, Provider>;
  };
  "/api/v1/providers/{id}": {
    patch: Op<WithID, Partial<ProviderDraft>, Provider>;
    delete: Get<WithID, undefined>;
  };
  "/api/v1/providers/{id}/dry-run": { post: Op<WithID, { token: string }, Trial> };
}

/** The API as hooks, for those routes. */
export const coming = createClient(request as unknown as ReturnType<typeof createFetchClient<Coming>>);
