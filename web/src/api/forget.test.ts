import { QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { queries } from "./client";
import { forget } from "./session";
import { waysQuery } from "./ways";

test("what was fetched for somebody is forgotten, what everybody may know goes on loading", async () => {
  queries.setQueryData(["get", "/api/v1/servers", {}], { items: [] });
  let answer: (ways: { items: []; password: boolean }) => void = () => undefined;
  const ways = new QueryObserver(queries, {
    ...waysQuery(),
    queryFn: () => new Promise<{ items: []; password: boolean }>((resolve) => (answer = resolve)),
  });
  const seen: unknown[] = [];
  const end = ways.subscribe((result) => seen.push(result.data?.password));
  forget();
  answer({ items: [], password: true });
  await expect.poll(() => seen.at(-1)).toBe(true);
  expect(queries.getQueryData(["get", "/api/v1/servers", {}])).toBeUndefined();
  end();
});
