import type { Mapping, Provider } from "../../api/types";

/** What stands where a secret is stored. */
export const mask = "********";

/** What describes a provider. */
type ProviderDraft = Omit<Provider, "id" | "rev" | "created_at">;

/** A provider as a form has it: scopes are words with spaces between them. */
export interface ProviderForm extends Omit<ProviderDraft, "scopes"> {
  scopes: string;
}

/** A rule that is not filled in yet. */
export const newRule = (tenant: string): Mapping => ({ claim: "", value: "", tenant, role: "viewer" });

const blank: ProviderForm = {
  name: "",
  issuer: "",
  client_id: "",
  client_secret: "",
  scopes: "openid profile email",
  username_claim: "preferred_username",
  enabled: true,
  create_users: false,
  link_email: false,
  trust_email: false,
  second_factor: false,
  mappings: [],
};

/** The form of a provider, or of a new one. */
export function toForm(provider: Provider | undefined): ProviderForm {
  if (!provider) return blank;
  const { id: _id, rev: _rev, created_at: _at, scopes, ...rest } = provider;
  return { ...rest, scopes: scopes.join(" ") };
}

/** What a form says of a provider. */
export const toDraft = ({ scopes, mappings, ...rest }: ProviderForm): ProviderDraft => ({
  ...rest,
  name: rest.name.trim(),
  issuer: rest.issuer.trim(),
  client_id: rest.client_id.trim(),
  scopes: scopes.split(/[\s,]+/).filter(Boolean),
  mappings: mappings.map((rule) => ({ ...rule, claim: rule.claim.trim(), value: rule.value.trim() })),
});
