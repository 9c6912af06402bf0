import "./editor.css";

import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type RefObject, useEffect, useId, useLayoutEffect, useRef } from "react";

import { p } from "../locales/parts";
import { base } from "./editor-base";
import { type SchemaOf, yamlHelp } from "./editor-yaml";

/** What an editor is given. */
export interface EditorProps {
  /** What the text is, spoken. */
  label: string;
  value: string;
  onChange?: ((value: string) => void) | undefined;
  readOnly?: boolean;
  /** Without it nothing is completed and only the syntax is checked. */
  schemaOf?: SchemaOf | undefined;
  /** Puts the cursor at the beginning of a line, from 1; another object does so again. */
  goTo?: { line: number } | undefined;
}

function useEditor(props: EditorProps, box: RefObject<HTMLDivElement | null>, hint: string): void {
  const { label, value, readOnly = false, schemaOf } = props;
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!box.current) return;
    const writing = new Compartment();
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          base(),
          yamlHelp(schemaOf),
          writing.of([EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)]),
          EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      // The next one (another schema) goes on with the text.
      latest.current = { ...latest.current, value: made.state.doc.toString() };
      made.destroy();
      view.current = undefined;
    };
  }, [box, label, hint, readOnly, schemaOf]);
  useEffect(() => {
    const made = view.current;
    const now = made?.state.doc.toString();
    if (made && now !== undefined && now !== value)
      made.dispatch({ changes: { from: 0, to: now.length, insert: value } });
  }, [value]);
  const { goTo } = props;
  useEffect(() => {
    const made = view.current;
    if (!made || !goTo) return;
    const { from } = made.state.doc.line(Math.max(1, Math.min(goTo.line, made.state.doc.lines)));
    made.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    made.focus();
  }, [goTo]);
}

/** YAML with completion, checks and hints from the schemas of what is written. */
export function EditorText(props: EditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const hint = useId();
  useEditor(props, box, hint);
  return (
    <div className="editor">
      <div ref={box} className="editor-text" />
      <p className="editor-hint" id={hint} hidden={props.readOnly}>
        {p.editor.leave}
      </p>
    </div>
  );
}
