import { yamlLanguage } from "@codemirror/lang-yaml";
import { expect, test } from "vitest";

import { check, keys, resolve, type Schema, schemaAt, values } from "./yaml-schema";
import { documents, errors, pathAt, place, top } from "./yaml-tree";

const parse = (text: string) => yamlLanguage.parser.parse(text);

const where = (marked: string) => {
  const at = marked.indexOf("|");
  const text = marked.replace("|", "");
  const found = place(text, parse(text), at);
  return found && [found.at, found.path.join("."), text.slice(found.from, at)];
};

test.each([
  ["|", ["key", "", ""]],
  ["api|", ["key", "", "api"]],
  ["spec:\n  |", ["key", "spec", ""]],
  ["spec:\n  replicas: 2\n  sel|\n  template:\n    a: b", ["key", "spec", "sel"]],
  [
    "spec:\n  template:\n    spec:\n      containers:\n      - name: a\n        im|",
    ["key", "spec.template.spec.containers.0", "im"],
  ],
  ["containers:\n- name: a\n- |", ["key", "containers.1", ""]],
  ["containers:\n- name: a\n- im|", ["key", "containers.1", "im"]],
  ["containers:\n  - name: a\n    ports:\n      - |", ["key", "containers.0.ports.0", ""]],
  ["containers:\n- name: a\nre|", ["key", "", "re"]],
  ["spec:\n  replicas: |", ["value", "spec.replicas", ""]],
  ["spec:\n  policy: Al|\n  b: c", ["value", "spec.policy", "Al"]],
  ["- kind: Po|", ["value", "0.kind", "Po"]],
  ["a: b\n---\nspec:\n  |", ["key", "spec", ""]],
  ["a: b\n\n|\n---\nc: d", ["key", "", ""]],
  ["spec: # why |", undefined],
  ["# why |", undefined],
  ["a: [b|", undefined],
  ["a: \\|", ["value", "a", "\\"]],
])("the cursor in %j", (text, want) => expect(where(text)).toEqual(want));

test("keys that are there are not offered again, the one that is written is", () => {
  const text = "spec:\n  replicas: 1\n  paused: true\n";
  expect(place(text, parse(text), text.indexOf("replicas") + 3)?.taken).toEqual(["paused"]);
  expect(place(`${text}  `, parse(`${text}  `), text.length + 2)?.taken).toEqual(["replicas", "paused"]);
});

test("each document has its own kind", () => {
  const text = 'apiVersion: v1\nkind: "Pod"\n---\n# nothing\n---\napiVersion: apps/v1\nkind: Deployment\n';
  const list = documents(text, parse(text));
  expect(list.map((each) => [top(each, "apiVersion"), top(each, "kind")])).toEqual([
    ["v1", "Pod"],
    [undefined, undefined],
    ["apps/v1", "Deployment"],
  ]);
});

test("what is pointed at has a path", () => {
  const text = "spec:\n  containers:\n  - name: a\n    image: b\n";
  const [document] = documents(text, parse(text));
  expect(pathAt(document!, text.indexOf("image") + 2)).toEqual(["spec", "containers", 0, "image"]);
  expect(pathAt(document!, text.indexOf("spec"))).toEqual(["spec"]);
});

test("wrong syntax is found", () => {
  expect(errors(parse("a: [b\nc: d"))).not.toEqual([]);
  expect(errors(parse("a: [b]\nc: d"))).toEqual([]);
});

// As a cluster answers: everything by reference, a reference within allOf.
const root: Schema = {
  $ref: "#/components/schemas/io.k8s.api.apps.v1.Deployment",
  components: {
    schemas: {
      "io.k8s.api.apps.v1.Deployment": {
        type: "object",
        required: ["spec"],
        properties: {
          apiVersion: { type: "string" },
          kind: { type: "string" },
          metadata: {
            allOf: [{ $ref: "#/components/schemas/meta" }],
            default: {},
            description: "Standard metadata.",
          },
          spec: { allOf: [{ $ref: "#/components/schemas/spec" }] },
        },
      },
      meta: {
        type: "object",
        properties: {
          name: { type: "string" },
          labels: { type: "object", additionalProperties: { type: "string" } },
        },
      },
      spec: {
        type: "object",
        required: ["containers"],
        properties: {
          replicas: { type: "integer", format: "int32", description: "How many." },
          paused: { type: "boolean" },
          policy: { type: "string", enum: ["Always", "Never"] },
          ratio: { type: "number" },
          port: { $ref: "#/components/schemas/IntOrString" },
          memory: { oneOf: [{ type: "string" }, { type: "number" }] },
          raw: {
            type: "object",
            "x-kubernetes-preserve-unknown-fields": true,
            properties: { known: { type: "string" } },
          },
          containers: {
            type: "array",
            items: {
              type: "object",
              required: ["name"],
              properties: { name: { type: "string" }, self: { $ref: "#/components/schemas/spec" } },
            },
          },
        },
      },
      IntOrString: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
    },
  },
};

const problems = (text: string) => {
  const [document] = documents(text, parse(text));
  return check(document!.root, resolve(root, root)!, root).map((each) => {
    const more = "key" in each ? each.key : "found" in each ? `${each.found} for ${each.want}` : each.want;
    return `${each.is} ${more} at ${text.slice(each.from, each.to)}`;
  });
};

const spec = (text: string) => problems(`spec:\n  containers: []\n  ${text}\n`);

test.each([
  ["replicas: 3", []],
  ["replicas: three", ["type string for integer at three"]],
  ['replicas: "3"', ['type string for integer at "3"']],
  ["replicas:", []],
  ["replicas: ~", []],
  ["replicas: *n", []],
  ["replicas: [1]", ["type array for integer at [1]"]],
  ["paused: yes", []],
  ["policy: Always", []],
  ["policy: Sometimes", ["value Always, Never at Sometimes"]],
  ["policy: 1", ["type integer for string at 1"]],
  ["ratio: 1", []],
  ["ratio: 1.5e3", []],
  ["port: http", []],
  ["port: 80", []],
  ["port: true", ["type boolean for integer or string at true"]],
  ["memory: 128Mi", []],
  ["memory: 1", []],
  ["raw: {known: a, other: 1}", []],
  ["raw: {known: 1}", ["type integer for string at 1"]],
  ["nmae: a", ["unknown nmae at nmae"]],
  ["policy: Never\n  policy: Never", ["twice policy at policy"]],
])("%j", (text, want) => expect(spec(text)).toEqual(want));

test("what is missing is said where it belongs", () => {
  expect(problems("kind: Deployment\n")).toEqual(["missing spec at kind"]);
  expect(problems("spec:\n  replicas: 1\n  containers:\n  - self: {containers: []}\n")).toEqual([
    "missing name at self",
  ]);
});

test("labels are any, but texts", () => {
  expect(problems("metadata: {labels: {a: b, c: 1}}\nspec: {containers: []}")).toEqual([
    "type integer for string at 1",
  ]);
});

test("keys are offered, those that are needed first, and values where they are few", () => {
  expect(keys(root, ["spec"], ["paused"]).map((each) => each.label)).toEqual([
    "containers",
    "memory",
    "policy",
    "port",
    "ratio",
    "raw",
    "replicas",
  ]);
  expect(keys(root, ["spec"], [])[0]).toMatchObject({ type: "[]object", next: "list", required: true });
  expect(keys(root, [], []).find((each) => each.label === "metadata")?.description).toBe(
    "Standard metadata.",
  );
  expect(keys(root, ["metadata", "labels"], [])).toEqual([]);
  expect(keys(root, ["nowhere", 3], [])).toEqual([]);
  expect(values(root, ["spec", "policy"])).toEqual(["Always", "Never"]);
  expect(values(root, ["spec", "paused"])).toEqual(["true", "false"]);
  expect(schemaAt(root, ["spec", "containers", 2, "self", "replicas"])?.description).toBe("How many.");
});

test("a schema that names itself ends", () => {
  const loop: Schema = { $ref: "#/definitions/a", definitions: { a: { $ref: "#/definitions/a" } } };
  expect(resolve(loop, loop)).toBeDefined();
});
