import { expect, test } from "vitest";

import { Problem } from "../../api/errors";
import { blankPlace } from "../../layout/place";
import { noAnswers, stepOf, toBody, withPlace } from "./answers";

const refused = (code: string, ...fields: string[]) =>
  new Problem({ status: 422, code, errors: fields.map((field) => ({ field, message: "No." })) });

test("a kit goes alone, and a key with its place", () => {
  const kit = { ...noAnswers(" t "), kit: "KIT", passphrase: "p", key: "k" };
  expect(toBody(kit)).toEqual({ token: "t", kit: "KIT", kit_passphrase: "p" });
  const place = { ...blankPlace, kind: "webdav" as const, address: "https://nas/dav", secret: "s" };
  expect(toBody({ ...kit, how: "key", key: "k\n", place })).toEqual({
    token: "t",
    key: "k",
    replica: { url: "webdavs://nas/dav" },
    replica_secret: "s",
  });
});

test.each([
  [refused("replica.unreachable"), "place"],
  [refused("restore.empty"), "place"],
  [refused("kit.no_replica"), "place"],
  [refused("validation.failed", "body.replica.url"), "place"],
  [refused("kit.passphrase"), "key"],
  [refused("vault.wrong_key"), "key"],
  [refused("setup.token"), "key"],
])("$code belongs to the step %s", (error, step) => expect(stepOf(error, noAnswers("t"))).toBe(step));

test("a lost connection keeps one where one is", () => {
  const lost = new TypeError("Failed to fetch");
  expect(stepOf(lost, noAnswers("t"))).toBe("key");
  expect(stepOf(lost, withPlace(noAnswers("t")))).toBe("place");
});
