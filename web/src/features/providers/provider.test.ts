import { expect, test } from "vitest";

import { mask, newRule, redirectAddress, toDraft, toForm } from "./provider";

test("a form gives back what it was made of", () => {
  const draft = {
    ...toDraft(toForm(undefined)),
    name: "Keycloak",
    client_secret: mask,
    scopes: ["openid", "groups"],
    mappings: [newRule("default")],
  };
  const form = toForm({ ...draft, id: "p1", rev: 3, created_at: "2026-11-24T00:00:00Z" });
  expect(form.scopes).toBe("openid groups");
  expect(toDraft(form)).toEqual(draft);
});

test("the redirect address is that of the public URL, or of this page", () => {
  expect(redirectAddress("https://unity.example.org/")).toBe("https://unity.example.org/sign-in/callback");
  expect(redirectAddress("")).toBe(`${location.origin}/sign-in/callback`);
});
