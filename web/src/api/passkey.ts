// Passkeys: what the server asks for as JSON, to what the browser takes and gives, and back.
import { t } from "../locales";
import { Problem } from "./errors";

// What browsers say when it does not come to anything, by the name of the error.
const reasons: Readonly<Record<string, string>> = {
  NotAllowedError: t.auth.passkey.stopped,
  AbortError: t.auth.passkey.stopped,
  InvalidStateError: t.auth.passkey.known,
  SecurityError: t.auth.passkey.address,
};

const unwrap = (options: unknown): unknown =>
  (options as { publicKey?: unknown } | null)?.publicKey ?? options;

async function hold(ceremony: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await ceremony();
    if (credential) return (credential as PublicKeyCredential).toJSON();
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
export const createPasskey = (options: unknown): Promise<unknown> =>
  hold(() =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
        unwrap(options) as PublicKeyCredentialCreationOptionsJSON,
      ),
    }),
  );

/** Has the person use one of their passkeys; what to send to the server. */
export const askPasskey = (options: unknown): Promise<unknown> =>
  hold(() =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
        unwrap(options) as PublicKeyCredentialRequestOptionsJSON,
      ),
    }),
  );
