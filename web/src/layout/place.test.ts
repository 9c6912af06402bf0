import { expect, test } from "vitest";

import { blankPlace, kindOf, mask, placeURL, toPlace, toPlaceForm, withKind } from "./place";

test.each([
  [{ url: "file:///srv/backup" }, ""],
  [{ url: "file:///srv/my%20disk%23" }, ""],
  [{ url: "s3://bucket/unity", region: "eu-central-1", access_key: "AK" }, mask],
  [{ url: "s3://bucket", endpoint: "https://s3.example.org", path_style: true }, ""],
  [{ url: "sftp://me@nas.lan/srv/backup", host_key: "ssh-ed25519 AAAA" }, mask],
  [{ url: "sftp://a%40b@[fd00::1]:2222/srv", host_key: "ssh-ed25519 AAAA" }, mask],
  [{ url: "webdavs://cloud.example.org/remote.php/dav/files/me", username: "me" }, mask],
  [{ url: "webdav://nas.lan:8080/dav" }, ""],
])("%o stays what it is in a form", (config, secret) => {
  const form = toPlaceForm(config, secret);
  expect(toPlace(form)).toEqual(config);
  expect(form.secret).toBe(secret);
});

test("no place is a blank form, and makes no address", () => {
  expect(toPlaceForm({ url: "" }, "")).toEqual(blankPlace);
  for (const kind of ["file", "s3", "sftp", "webdav"] as const)
    expect(placeURL({ ...blankPlace, kind })).toBe("");
});

test.each([
  [{ kind: "file" as const, path: "srv/backup" }, "file:///srv/backup"],
  [{ kind: "file" as const, path: " /mnt/50% off?" }, "file:///mnt/50%25%20off%3F"],
  [{ kind: "s3" as const, bucket: "b", prefix: "/home/unity/" }, "s3://b/home/unity"],
  [{ kind: "sftp" as const, host: "fd00::1", user: "u", port: "22" }, "sftp://u@[fd00::1]/"],
  [{ kind: "webdav" as const, address: "cloud.lan/my files" }, "webdavs://cloud.lan/my%20files"],
  [{ kind: "webdav" as const, address: "http://nas/dav" }, "webdav://nas/dav"],
  [{ kind: "webdav" as const, address: "webdavs://nas/dav" }, "webdavs://nas/dav"],
])("%o makes %s", (typed, url) => expect(placeURL({ ...blankPlace, ...typed })).toBe(url));

test("what goes with another kind is not sent", () => {
  const all = { ...blankPlace, path: "/x", region: "r", host_key: "k", username: "n", path_style: true };
  expect(toPlace(all)).toEqual({ url: "file:///x" });
});

test("a secret does not follow to another kind", () => {
  const form = toPlaceForm({ url: "s3://b" }, mask);
  expect(withKind(form, "s3").secret).toBe(mask);
  expect(withKind(form, "webdav").secret).toBe("");
});

test("what is no address of ours is shown as a path", () => {
  expect(kindOf("webdavs://x")).toBe("webdav");
  expect(kindOf("/srv")).toBe("file");
  expect(toPlaceForm({ url: "file:///a%" }, "").path).toBe("/a%");
});
