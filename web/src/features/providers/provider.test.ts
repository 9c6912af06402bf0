import { expect, test } from "vitest";

import { mask, newRule, toDraft, toForm } from "./provider";

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
