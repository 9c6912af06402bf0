import { expect, test } from "vitest";

import { cut, plain, spans } from "./log-ansi";

const looks = (text: string) => spans(text).map((each) => [each.text, each.look]);

test.each<[string, [string, string][]]>([
  ["plain", [["plain", ""]]],
  [
    "\u001b[31mred\u001b[0m not",
    [
      ["red", "ink-1"],
      [" not", ""],
    ],
  ],
  [
    "\u001b[1;92;44mloud\u001b[22;49m quiet",
    [
      ["loud", "ink-10 paper-4 bold"],
      [" quiet", "ink-10"],
    ],
  ],
  [
    "\u001b[38;5;9mnear\u001b[38;5;200mfar\u001b[38;2;1;2;3mtrue\u001b[39m",
    [
      ["near", "ink-9"],
      ["fartrue", ""],
    ],
  ],
  ["\u001b[38;2;1;31;3mkept", [["kept", ""]]],
  ["\u001b[7mturned\u001b[27m\u001b[m", [["turned", "turned"]]],
  ["a\tb", [["a    b", ""]]],
  ["\u001b[2K\u001b[1Gprogress\r", [["progress", ""]]],
  ["\u001b]0;title\u0007x\u001b]8;;http://a\u001b\\link", [["xlink", ""]]],
  ["cut off \u001b[3", [["cut off 3", ""]]],
])("%j is drawn as %j", (text, want) => {
  expect(looks(text)).toEqual(want);
  expect(plain(text)).toBe(want.map(([part]) => part).join(""));
});

test("what was found is cut out across colours", () => {
  const pieces = spans("an \u001b[31mer\u001b[32mror\u001b[0m, error");
  expect(cut(pieces, /error/giu).map(({ text, look, found }) => [text, look, found])).toEqual([
    ["an ", "", false],
    ["er", "ink-1", true],
    ["ror", "ink-2", true],
    [", ", "", false],
    ["error", "", true],
  ]);
  expect(cut(pieces, undefined).every((piece) => !piece.found)).toBe(true);
});
