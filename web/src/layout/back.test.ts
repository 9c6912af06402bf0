import { expect, test } from "vitest";

import { backAt, pause } from "./back";

const setup = { needed: false, locked: false };

test.each([
  ["it is not ready", { ready: false, setup, me: 401 }, undefined],
  ["the old one still runs", { ready: true, setup, me: 200 }, undefined],
  ["nothing is restored yet", { ready: true, setup: { ...setup, needed: true }, me: 401 }, undefined],
  ["it does not answer", { ready: true, setup: undefined, me: 503 }, undefined],
  ["sessions have ended", { ready: true, setup, me: 401 }, "sign-in"],
  ["its passphrase is missing", { ready: false, setup: { ...setup, locked: true }, me: 503 }, "unlock"],
])("%s", (_, answers, to) => expect(backAt(answers)).toBe(to));

test("it is asked less and less often, and never less than every five seconds", () => {
  const all = Array.from({ length: 20 }, (__, n) => pause(n));
  expect(all).toEqual([...all].sort((a, other) => a - other));
  expect(all[0]).toBeLessThan(1000);
  expect(all[19]).toBe(5000);
});
