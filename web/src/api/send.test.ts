import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Problem } from "./errors";
import { answer, asked } from "./proof";
import { notConfirmed, send } from "./send";

const refused = (code = "auth.step_up_required") =>
  new Response(JSON.stringify({ status: 403, code, detail: "No." }), {
    status: 403,
    headers: { "Content-Type": "application/problem+json" },
  });

const sent: string[] = [];
let answers: Response[] = [];

beforeEach(() => {
  sent.length = 0;
  vi.stubGlobal("fetch", async (request: Request) => {
    sent.push(`${request.method} ${await request.text()}`);
    return answers.shift() ?? new Response(null, { status: 204 });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  answer(false);
});

const remove = (body = "") =>
  send(new Request("http://localhost/api/v1/auth/totp", { method: "DELETE", ...(body && { body }) }));

const whenAsked = () => vi.waitFor(() => expect(asked.now()).toBe(true));

test("what needs no proof is sent once", async () => {
  expect((await remove()).status).toBe(204);
  expect(sent).toEqual(["DELETE "]);
  expect(asked.now()).toBe(false);
});

test("after the proof the request is sent again, with its body", async () => {
  answers = [refused()];
  const done = remove('{"name":"nas"}');
  await whenAsked();
  answer(true);
  expect((await done).status).toBe(204);
  expect(sent).toEqual(['DELETE {"name":"nas"}', 'DELETE {"name":"nas"}']);
  expect(asked.now()).toBe(false);
});

test("it is sent again only once", async () => {
  answers = [refused(), refused()];
  const done = remove();
  await whenAsked();
  answer(true);
  expect((await done).status).toBe(403);
  expect(sent).toHaveLength(2);
});

test("without the proof nothing is sent, and the problem says why", async () => {
  answers = [refused()];
  const done = remove().catch((error: unknown) => error);
  await whenAsked();
  answer(false);
  const problem = await done;
  expect(problem).toBeInstanceOf(Problem);
  expect((problem as Problem).code).toBe(notConfirmed);
  expect(sent).toHaveLength(1);
});

test("one proof serves everything that waits", async () => {
  answers = [refused(), refused()];
  const both = Promise.all([remove("a"), remove("b")]);
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  await whenAsked();
  await vi.waitFor(() => expect(answers).toHaveLength(0));
  await new Promise((resolve) => setTimeout(resolve));
  answer(true);
  expect((await both).map((response) => response.status)).toEqual([204, 204]);
  expect(sent).toEqual(["DELETE a", "DELETE b", "DELETE a", "DELETE b"]);
});

test("other refusals ask for nothing", async () => {
  answers = [refused("auth.forbidden")];
  expect((await remove()).status).toBe(403);
  expect(asked.now()).toBe(false);
});

test("what is only read may need a proof, too", async () => {
  answers = [refused()];
  const done = send(new Request("http://localhost/api/v1/system/support"));
  await whenAsked();
  answer(true);
  expect((await done).status).toBe(204);
  expect(sent).toEqual(["GET ", "GET "]);
});
