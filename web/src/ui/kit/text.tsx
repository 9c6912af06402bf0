import { useState } from "react";

import { Diff } from "../Diff";
import { Editor, type SchemaOf } from "../Editor";
import { Section } from "../Facts";
import type { Schema } from "../yaml-schema";

const deployment: Schema = {
  type: "object",
  required: ["metadata", "spec"],
  properties: {
    apiVersion: { type: "string", description: "The group and version of the kind." },
    kind: { type: "string" },
    metadata: {
      type: "object",
      description: "Its name, where it is, and what is said about it.",
      properties: {
        name: { type: "string" },
        namespace: { type: "string" },
        labels: { type: "object", additionalProperties: { type: "string" } },
      },
    },
    spec: { $ref: "#/components/schemas/Spec" },
  },
  components: {
    schemas: {
      Spec: {
        type: "object",
        description: "What is wanted of it.",
        required: ["selector", "template"],
        properties: {
          replicas: { type: "integer", description: "How many pods are wanted. One, where nothing is said." },
          paused: { type: "boolean", description: "Changes of the template do not start new pods." },
          strategy: {
            type: "object",
            properties: { type: { type: "string", enum: ["Recreate", "RollingUpdate"] } },
          },
          selector: { type: "object" },
          template: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  containers: {
                    type: "array",
                    items: {
                      type: "object",
                      required: ["name"],
                      properties: { name: { type: "string" }, image: { type: "string" } },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

const schemaOf: SchemaOf = async (_apiVersion, kind) => (kind === "Deployment" ? deployment : undefined);

const text = `# Two things in one text, each by its own kind.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: two
  colour: blue
  strategy:
    type: Sometimes
  template:
    spec:
      containers:
        - name: web
          image: registry.example/checkout:1.4.2
---
apiVersion: example.org/v1
kind: Unknown
spec: {anything: true}
`;

const diff = `--- before
+++ after
@@ -6,7 +6,7 @@
 spec:
-  replicas: 2
+  replicas: 3
   strategy:
     type: RollingUpdate
   template:
@@ -31,2 +31,3 @@
         - name: web
+          image: registry.example/checkout:1.4.2
           ports: []
`;

const large = `@@ -0,0 +1,600 @@\n${Array.from({ length: 600 }, (_, i) => `+  key${i}: value`).join("\n")}\n`;

/** An editor with and without mistakes, one that is only read, and what a change does. */
export function Text() {
  const [value, setValue] = useState(text);
  return (
    <>
      <Section
        className="mt-8"
        title="Editor"
        end={<span className="text-sm text-faint">{value.length}</span>}
      >
        <div className="h-112">
          <Editor label="Manifest" value={value} onChange={setValue} schemaOf={schemaOf} />
        </div>
      </Section>
      <div className="mt-4 grid gap-4 md:grid-cols-2">
        <div className="h-64 min-w-0">
          <Editor label="What is there" value={text} readOnly />
        </div>
        <div className="h-64 min-w-0">
          <Editor label="Broken" value={"spec: [a, b\nkind: Pod\n"} />
        </div>
      </div>
      <Section className="mt-8" title="Diff">
        <div className="grid gap-4 md:grid-cols-2">
          <Diff diff={diff} />
          <Diff diff={large} label="A long one" />
          <Diff diff="" />
        </div>
      </Section>
    </>
  );
}
