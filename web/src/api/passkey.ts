// Passkeys: what the server asks for as JSON, to what the browser takes and gives, and back.
import { t } from "../locales";
import { Problem } from "./errors";

/** What an authenticator said, as JSON. */
type CredentialJSON = Record<string, unknown>;

// Servers send the options bare or, as the browser wants them, under "publicKey".
const unwrap = (options: unknown): unknown =>
  (options as { publicKey?: unknown } | null)?.publicKey ?? options;

/** The bytes of base64url. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** Bytes as base64url, without padding. */
export function toBase64url(bytes: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const described = (list: readonly PublicKeyCredentialDescriptorJSON[] = []) =>
  list.map(({ id, type, transports }) => ({
    id: fromBase64url(id),
    type: type as PublicKeyCredentialType,
    ...(transports && { transports: transports as AuthenticatorTransport[] }),
  }));

/** The options with which a passkey is made. */
export function creationOptions(options: unknown): PublicKeyCredentialCreationOptions {
  const json = unwrap(options) as PublicKeyCredentialCreationOptionsJSON;
  if (typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential)
    return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return {
    ...json,
    challenge: fromBase64url(json.challenge),
    user: { ...json.user, id: fromBase64url(json.user.id) },
    excludeCredentials: described(json.excludeCredentials),
  } as PublicKeyCredentialCreationOptions;
}

/** The options with which a passkey is asked for. */
export function requestOptions(options: unknown): PublicKeyCredentialRequestOptions {
  const json = unwrap(options) as PublicKeyCredentialRequestOptionsJSON;
  if (typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential)
    return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return {
    ...json,
    challenge: fromBase64url(json.challenge),
    allowCredentials: described(json.allowCredentials),
  } as PublicKeyCredentialRequestOptions;
}

/** What an authenticator said, as JSON for the server. */
function credentialJSON(credential: PublicKeyCredential): CredentialJSON {
  if (typeof credential.toJSON === "function") return { ...credential.toJSON() };
  const from = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response: Record<string, unknown> = { clientDataJSON: toBase64url(from.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"] as const) {
    const bytes = from[part];
    if (bytes) response[part] = toBase64url(bytes);
  }
  if (typeof from.getTransports === "function") response["transports"] = from.getTransports();
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

// What browsers say when it does not come to anything, by the name of the error.
const reasons: Readonly<Record<string, string>> = {
  NotAllowedError: t.auth.passkey.stopped,
  AbortError: t.auth.passkey.stopped,
  InvalidStateError: t.auth.passkey.known,
  SecurityError: t.auth.passkey.address,
};

async function hold(ceremony: () => Promise<Credential | null>): Promise<CredentialJSON> {
  try {
    const credential = await ceremony();
    if (credential) return credentialJSON(credential as PublicKeyCredential);
  } catch (error) {
    const detail = reasons[(error as Partial<Error>).name ?? ""];
    if (!detail) throw error;
    throw new Problem({ status: 0, code: "passkey.failed", detail });
  }
  throw new Problem({ status: 0, code: "passkey.failed", detail: t.auth.passkey.stopped });
}

/** Whether this browser, at this address, can use passkeys: not over plain HTTP. */
export const canPasskey = (): boolean => typeof PublicKeyCredential !== "undefined" && isSecureContext;

/** Has the person make a passkey; what to send to the server. */
export const createPasskey = (options: unknown): Promise<CredentialJSON> =>
  hold(() => navigator.credentials.create({ publicKey: creationOptions(options) }));

/** Has the person use one of their passkeys; what to send to the server. */
export const askPasskey = (
  options: unknown,
  how: Pick<CredentialRequestOptions, "mediation" | "signal"> = {},
): Promise<CredentialJSON> =>
  hold(() => navigator.credentials.get({ ...how, publicKey: requestOptions(options) }));
