import { expect, test } from "vitest";

import type { ChannelField } from "../../api/types";
import { target, toConfig, toTexts } from "./config";

const field = (name: string, type: ChannelField["type"], required = false): ChannelField => ({
  name,
  title: name,
  type,
  required,
});

test("a config survives its form", () => {
  const fields = [
    field("host", "text", true),
    field("port", "number"),
    field("to", "list"),
    field("headers", "secrets"),
    field("password", "secret"),
  ];
  const config = {
    host: "mail",
    port: 587,
    to: ["a@b", "c@d"],
    headers: { Authorization: "********" },
    password: "********",
  };
  expect(toConfig(fields, toTexts(fields, config))).toEqual(config);
});

test("what is left empty is left out, a secret too", () => {
  const fields = [
    field("url", "url", true),
    field("secret", "secret"),
    field("headers", "secrets"),
    field("n", "number"),
  ];
  expect(toConfig(fields, { url: "http://x ", secret: "", headers: "", n: "" })).toEqual({ url: "http://x" });
});

test("a value with a colon is whole", () => {
  expect(toConfig([field("headers", "secrets")], { headers: "X-To: http://a:1" })).toEqual({
    headers: { "X-To": "http://a:1" },
  });
});

test("where messages go", () => {
  expect(target({ url: "https://hook.example/x" })).toBe("hook.example/x");
  expect(target({ server: "https://ntfy.sh", topic: "lab" })).toBe("ntfy.sh/lab");
  expect(target({ host: "mail", to: ["lea@example.org"] })).toBe("lea@example.org");
});
