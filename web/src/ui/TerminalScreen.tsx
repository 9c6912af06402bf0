import "@xterm/xterm/css/xterm.css";
import "./ansi.css";
import "./terminal.css";

import { Accessibility, ClipboardPaste, Copy, Search } from "lucide-react";
import { type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

import { p } from "../locales/parts";
import { Button, IconButton } from "./Button";
import { FindBar } from "./FindBar";
import { ink } from "./inks";
import { Status } from "./mark";
import { keys } from "./terminal-keys";
import { open, type Screen, theme } from "./terminal-xterm";
import { useScheme } from "./theme";

/** Puts output on the screen; `done` when it is there, so that who sends can wait. */
export type Write = (data: Uint8Array | string, done?: () => void) => void;

/** How the session stands. */
export type TerminalState =
  | { is: "connecting" | "connected" }
  | { is: "ended"; code?: number | undefined }
  | { is: "lost"; reason?: string | undefined };

/** What a terminal is given. */
export interface TerminalProps {
  /** Whose it is, spoken. */
  label: string;
  state: TerminalState;
  /** Called with where output goes; returns how to stop. The same function until the session is another. */
  source: (write: Write) => () => void;
  onData: (data: string) => void;
  onResize: (cols: number, rows: number) => void;
  onReconnect?: (() => void) | undefined;
  /** Takes the keyboard at once. */
  focus?: boolean;
}

const readerKey = "unity-terminal-reader";

function useScreen(props: TerminalProps, box: RefObject<HTMLDivElement | null>, onFind: () => void) {
  const [screen, setScreen] = useState<Screen>();
  const [selected, setSelected] = useState(false);
  const latest = useRef({ ...props, onFind });
  useLayoutEffect(() => {
    latest.current = { ...props, onFind };
  });
  useEffect(() => {
    if (!box.current) return;
    const made = open(box.current);
    const { terminal } = made;
    terminal.onData((data) => latest.current.state.is === "connected" && latest.current.onData(data));
    terminal.onResize(({ cols, rows }) => latest.current.onResize(cols, rows));
    terminal.onSelectionChange(() => setSelected(terminal.hasSelection()));
    terminal.attachCustomKeyEventHandler(
      keys(
        () => void navigator.clipboard?.writeText(terminal.getSelection()),
        () => latest.current.onFind(),
      ),
    );
    latest.current.onResize(terminal.cols, terminal.rows);
    if (latest.current.focus) terminal.focus();
    setScreen(made);
    return () => {
      setScreen(undefined);
      made.dispose();
    };
  }, [box]);
  const { source } = props;
  useEffect(() => screen && source((data, done) => screen.terminal.write(data, done)), [screen, source]);
  return { screen, selected };
}

function useLook(
  screen: Screen | undefined,
  state: TerminalState,
  reader: boolean,
  hint: string,
  label: string,
) {
  const scheme = useScheme();
  useEffect(() => {
    const element = screen?.terminal.element?.parentElement;
    if (screen && element) screen.terminal.options.theme = theme(element);
  }, [screen, scheme]);
  useEffect(() => {
    if (!screen) return;
    const { terminal } = screen;
    terminal.options.screenReaderMode = reader;
    terminal.options.disableStdin = state.is !== "connected";
    terminal.textarea?.setAttribute("aria-label", label);
    terminal.textarea?.setAttribute("aria-describedby", hint);
  }, [screen, reader, state.is, hint, label]);
}

function State({ state }: { state: TerminalState }) {
  switch (state.is) {
    case "connecting":
      return <Status look="pending">{p.terminal.connecting}</Status>;
    case "connected":
      return <Status look="up">{p.terminal.connected}</Status>;
    case "ended":
      return (
        <Status look={state.code ? "failed" : "done"}>
          {state.code === undefined ? p.terminal.ended : p.terminal.endedWith(state.code)}
        </Status>
      );
    default:
      return (
        <Status look="down" title={state.reason}>
          {p.terminal.lost}
        </Status>
      );
  }
}

function useFind(screen: Screen | undefined) {
  const [found, setFound] = useState({ count: 0, at: 0 });
  const listening = useRef<Screen>(undefined);
  async function find(query: string, how: "seek" | "next" | "previous"): Promise<void> {
    const element = screen?.terminal.element;
    if (!screen || !element) return;
    const search = await screen.search();
    if (listening.current !== screen)
      search.onDidChangeResults(({ resultCount, resultIndex }) =>
        setFound({ count: resultCount, at: resultIndex + 1 }),
      );
    listening.current = screen;
    if (!query) {
      search.clearDecorations();
      return;
    }
    const decorations = {
      matchBackground: ink(element, "warn-border"),
      matchOverviewRuler: ink(element, "warn-mark"),
      activeMatchBackground: ink(element, "accent-border"),
      activeMatchColorOverviewRuler: ink(element, "accent"),
    };
    if (how === "previous") search.findPrevious(query, { decorations });
    else search.findNext(query, { decorations, incremental: how === "seek" });
  }
  return { found, find };
}

interface ToolsProps {
  screen: Screen | undefined;
  selected: boolean;
  over: boolean;
  finding: boolean;
  onFind: () => void;
  reader: boolean;
  onReader: (on: boolean) => void;
}

function Tools({ screen, selected, over, finding, onFind, reader, onReader }: ToolsProps) {
  function toggleReader(): void {
    if (reader) localStorage.removeItem(readerKey);
    else localStorage.setItem(readerKey, "1");
    onReader(!reader);
  }
  async function paste(): Promise<void> {
    screen?.terminal.paste(await navigator.clipboard.readText());
    screen?.terminal.focus();
  }
  return (
    <span className="tools row">
      <IconButton size="small" label={p.terminal.find} aria-pressed={finding} onClick={onFind}>
        <Search className="icon" aria-hidden="true" />
      </IconButton>
      <IconButton
        size="small"
        label={p.terminal.copy}
        disabled={!selected}
        onClick={() => void navigator.clipboard.writeText(screen?.terminal.getSelection() ?? "")}
      >
        <Copy className="icon" aria-hidden="true" />
      </IconButton>
      <IconButton size="small" label={p.terminal.paste} disabled={over} onClick={() => void paste()}>
        <ClipboardPaste className="icon" aria-hidden="true" />
      </IconButton>
      <IconButton size="small" label={p.terminal.reader} aria-pressed={reader} onClick={toggleReader}>
        <Accessibility className="icon" aria-hidden="true" />
      </IconButton>
    </span>
  );
}

/** A terminal and the line below it: how the session stands, find, copy, paste, the way out. */
export function TerminalScreen(props: TerminalProps) {
  const { label, state, onReconnect } = props;
  const box = useRef<HTMLDivElement>(null);
  const hint = useId();
  const [finding, setFinding] = useState(false);
  const [reader, setReader] = useState(() => localStorage.getItem(readerKey) !== null);
  const { screen, selected } = useScreen(props, box, () => setFinding(true));
  useLook(screen, state, reader, hint, label);
  const { found, find } = useFind(screen);
  const over = state.is === "ended" || state.is === "lost";

  return (
    <section className="term" aria-label={label}>
      {finding && (
        <FindBar
          count={found.count}
          at={found.at}
          onQuery={(query) => void find(query, "seek")}
          onNext={(query) => void find(query, "next")}
          onPrevious={(query) => void find(query, "previous")}
          onClose={() => {
            void find("", "seek");
            setFinding(false);
            screen?.terminal.focus();
          }}
        />
      )}
      <div ref={box} className="term-screen mono" />
      <div className="term-foot">
        <span aria-live="polite">
          <State state={state} />
        </span>
        {over && onReconnect && (
          <Button size="small" onClick={onReconnect}>
            {p.terminal.reconnect}
          </Button>
        )}
        <span className="hint clip" id={hint}>
          {p.terminal.leave}
        </span>
        <Tools
          screen={screen}
          selected={selected}
          over={over}
          finding={finding}
          onFind={() => setFinding(!finding)}
          reader={reader}
          onReader={setReader}
        />
      </div>
    </section>
  );
}
