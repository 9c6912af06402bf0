import { afterEach, expect, test, vi } from "vitest";

import {
  askPasskey,
  canPasskey,
  createPasskey,
  creationOptions,
  fromBase64url,
  requestOptions,
  toBase64url,
} from "./passkey";

afterEach(() => vi.unstubAllGlobals());

const bytes = (...list: number[]) => new Uint8Array(list).buffer;
const challenge = toBase64url(bytes(251, 255, 0, 1)); // "-_8AAQ": both letters that base64 lacks

test("base64url comes back as it went", () => {
  expect(challenge).toBe("-_8AAQ");
  expect([...fromBase64url(challenge)]).toEqual([251, 255, 0, 1]);
  expect(toBase64url(bytes())).toBe("");
});

const creation = {
  rp: { id: "unity.example", name: "Unity" },
  user: { id: "AQI", name: "lea", displayName: "lea" },
  challenge,
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  excludeCredentials: [{ id: "AQ", type: "public-key", transports: ["usb"] }],
};

test("without help of the browser, the options of a new passkey become bytes", () => {
  for (const options of [creation, { publicKey: creation }]) {
    const made = creationOptions(options);
    expect([...(made.challenge as Uint8Array)]).toEqual([251, 255, 0, 1]);
    expect([...(made.user.id as Uint8Array)]).toEqual([1, 2]);
    expect(made.user.name).toBe("lea");
    expect(made.excludeCredentials?.[0]?.transports).toEqual(["usb"]);
    expect(made.pubKeyCredParams).toEqual(creation.pubKeyCredParams);
  }
});

test("without help of the browser, the options of a sign-in become bytes", () => {
  const made = requestOptions({
    publicKey: { challenge, rpId: "unity.example", userVerification: "required" },
  });
  expect([...(made.challenge as Uint8Array)]).toEqual([251, 255, 0, 1]);
  expect(made.allowCredentials).toEqual([]);
  expect(made.userVerification).toBe("required");
});

test("a browser that reads JSON itself is left to it", () => {
  const parse = vi.fn(() => "read");
  vi.stubGlobal("PublicKeyCredential", { parseCreationOptionsFromJSON: parse });
  expect(creationOptions({ publicKey: creation })).toBe("read");
  expect(parse).toHaveBeenCalledWith(creation);
});

const answering = (ceremony: () => Promise<unknown>) =>
  vi.stubGlobal("navigator", { credentials: { create: ceremony, get: ceremony } });

test("what the authenticator says goes to the server as JSON", async () => {
  answering(async () => ({
    id: "AQ",
    rawId: bytes(1),
    type: "public-key",
    authenticatorAttachment: null,
    getClientExtensionResults: () => ({}),
    response: {
      clientDataJSON: bytes(123, 125),
      authenticatorData: bytes(2),
      signature: bytes(3),
      userHandle: null,
    },
  }));
  expect(await askPasskey({ challenge })).toEqual({
    id: "AQ",
    rawId: "AQ",
    type: "public-key",
    clientExtensionResults: {},
    response: { clientDataJSON: "e30", authenticatorData: "Ag", signature: "Aw" },
  });
});

test("a browser that writes JSON itself is left to it", async () => {
  answering(async () => ({ toJSON: () => ({ id: "AQ" }) }));
  expect(await createPasskey(creation)).toEqual({ id: "AQ" });
});

test("what went wrong is said in words", async () => {
  answering(async () => {
    throw new DOMException("The operation either timed out or was not allowed.", "NotAllowedError");
  });
  await expect(askPasskey({ challenge })).rejects.toMatchObject({ code: "passkey.failed" });
  answering(async () => null);
  await expect(askPasskey({ challenge })).rejects.toMatchObject({ code: "passkey.failed" });
  answering(async () => {
    throw new RangeError("broken");
  });
  await expect(askPasskey({ challenge })).rejects.toThrow(RangeError);
});

test("a browser without passkeys is known as one", () => expect(canPasskey()).toBe(false));
