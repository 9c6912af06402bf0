import { expect, test } from "vitest";

import { diffLines } from "./diff-lines";

const short = (diff: string) =>
  diffLines(diff).map(({ is, text, before, after }) => [is, text, before, after].join("|"));

test("lines have their side and their numbers", () => {
  expect(
    short(
      "--- before\n+++ after\n@@ -3,4 +3,4 @@\n spec:\n-  replicas: 2\n+  replicas: 3\n   paused: false\n\\ No newline at end of file\n",
    ),
  ).toEqual([
    "file|--- before||",
    "file|+++ after||",
    "hunk|@@ -3,4 +3,4 @@||",
    "same|spec:|3|3",
    "removed|  replicas: 2|4|",
    "added|  replicas: 3||4",
    "same|  paused: false|5|5",
  ]);
});

test("a line that was a comment of dashes is no file", () => {
  expect(short("@@ -1 +1 @@\n--- was --\n+++ is ++\n")).toEqual([
    "hunk|@@ -1 +1 @@||",
    "removed|-- was --|1|",
    "added|++ is ++||1",
  ]);
});

test("nothing is nothing", () => expect(short("")).toEqual([]));
