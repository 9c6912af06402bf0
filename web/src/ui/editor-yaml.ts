import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  startCompletion,
} from "@codemirror/autocomplete";
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import { type Diagnostic, linter } from "@codemirror/lint";
import type { EditorState, Extension } from "@codemirror/state";
import { type EditorView, hoverTooltip } from "@codemirror/view";

import { p } from "../locales/parts";
import {
  check,
  keys,
  type Option,
  type Problem,
  resolve,
  type Schema,
  schemaAt,
  values,
} from "./yaml-schema";
import { documents, errors, pathAt, place, top, type YamlDocument } from "./yaml-tree";

/** The schema of a kind, from the cluster it is for; undefined: it is not known there. */
export type SchemaOf = (apiVersion: string, kind: string) => Promise<Schema | undefined>;

async function schemaOfDocument(schemaOf: SchemaOf, document: YamlDocument): Promise<Schema | undefined> {
  const [apiVersion, kind] = [top(document, "apiVersion"), top(document, "kind")];
  if (!apiVersion || !kind) return undefined;
  try {
    return await schemaOf(apiVersion, kind);
  } catch {
    return undefined; // no help is no harm: the cluster checks what is applied
  }
}

// Puts the key, its colon, and what makes the next word right: a line below, a dash.
function insert(option: Option) {
  return (view: EditorView, _completion: Completion, from: number, to: number): void => {
    const line = view.state.doc.lineAt(from);
    const column = from - line.from;
    const after = view.state.sliceDoc(to, line.to);
    const inner = `\n${" ".repeat(column + 2)}`;
    const tails = { line: ": ", map: `:${inner}`, list: `:${inner}- ` };
    const text = option.label + (after.trimStart().startsWith(":") ? "" : tails[option.next]);
    view.dispatch({
      changes: { from, to, insert: text },
      selection: { anchor: from + text.length },
      userEvent: "input.complete",
    });
    if (option.next !== "line" || after === "") startCompletion(view);
  };
}

function completion(option: Option): Completion {
  return {
    label: option.label,
    detail: option.required ? `${option.type}, ${p.editor.required}` : option.type,
    info: option.description || p.editor.noDescription,
    apply: insert(option),
    boost: option.required ? 1 : 0,
  };
}

function complete(schemaOf: SchemaOf) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const { state, pos } = context;
    const here = place(state.doc.toString(), syntaxTree(state), pos);
    if (!here || (!context.explicit && here.at === "key" && here.from === pos && here.path.length === 0))
      return null;
    const root = await schemaOfDocument(schemaOf, here.document);
    if (!root) return null;
    const options =
      here.at === "key"
        ? keys(root, here.path, here.taken).map(completion)
        : values(root, here.path).map((label): Completion => ({ label }));
    return options.length > 0 ? { from: here.from, options, validFor: /^[\w.$-]*$/ } : null;
  };
}

function sentence(problem: Problem): string {
  const { errors: say } = p.editor;
  switch (problem.is) {
    case "type":
      return say.type(problem.want, problem.found);
    case "value":
      return say.value(problem.want);
    default:
      return say[problem.is](problem.key);
  }
}

const long = 400_000; // a longer text is checked by the cluster alone

async function diagnose(state: EditorState, schemaOf: SchemaOf | undefined): Promise<Diagnostic[]> {
  const tree = state.doc.length < long ? ensureSyntaxTree(state, state.doc.length, 200) : null;
  if (!tree) return [];
  const text = state.doc.toString();
  const out = errors(tree).map(({ from, to }): Diagnostic => ({
    from,
    to,
    severity: "error",
    message: p.editor.errors.syntax,
  }));
  if (!schemaOf) return out;
  const found = await Promise.all(
    documents(text, tree).map(async (document) => {
      const root = await schemaOfDocument(schemaOf, document);
      const schema = root && resolve(root, root);
      return schema ? check(document.root, schema, root) : [];
    }),
  );
  for (const problem of found.flat()) {
    const severity = problem.is === "unknown" || problem.is === "missing" ? "warning" : "error";
    out.push({ from: problem.from, to: problem.to, severity, message: sentence(problem) });
  }
  return out.sort((a, b) => a.from - b.from);
}

function hover(schemaOf: SchemaOf) {
  return hoverTooltip(async (view, pos) => {
    const { state } = view;
    const document = documents(state.doc.toString(), syntaxTree(state)).findLast((each) => each.from <= pos);
    const path = document && pathAt(document, pos);
    const root = path && (await schemaOfDocument(schemaOf, document));
    const schema = root && schemaAt(root, path);
    if (!schema?.description) return null;
    const { description, type } = schema;
    return {
      pos,
      above: true,
      create() {
        const dom = globalThis.document.createElement("div");
        dom.className = "editor-about";
        const head = dom.appendChild(globalThis.document.createElement("code"));
        head.textContent = [path?.join("."), type].filter(Boolean).join(": ");
        dom.appendChild(globalThis.document.createElement("p")).textContent = description;
        return { dom };
      },
    };
  });
}

/** Completion, hints and checks: of the syntax always, of what is meant where schemas are known. */
export function yamlHelp(schemaOf: SchemaOf | undefined): Extension {
  const lint = linter((view) => diagnose(view.state, schemaOf), { delay: 400 });
  if (!schemaOf) return lint;
  return [lint, hover(schemaOf), autocompletion({ override: [complete(schemaOf)], icons: false })];
}
