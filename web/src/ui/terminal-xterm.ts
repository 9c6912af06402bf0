import { FitAddon } from "@xterm/addon-fit";
import type { SearchAddon } from "@xterm/addon-search";
import { type ITheme, Terminal } from "@xterm/xterm";
import { getNonce } from "get-nonce";

import { ink } from "./inks";

/** A terminal on the page, with what fits it into its place and finds in it. */
export interface Screen {
  terminal: Terminal;
  fit: () => void;
  /** What finds in it, fetched when somebody seeks for the first time. */
  search: () => Promise<SearchAddon>;
  dispose: () => void;
}

const colours = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** The colours of a terminal in the theme in force. */
export function theme(element: HTMLElement): ITheme {
  const of = (token: string) => ink(element, token);
  const named = colours.flatMap((name, i) => [
    [name, of(`ansi-${i}`)],
    [`bright${name[0]?.toUpperCase()}${name.slice(1)}`, of(`ansi-${i + 8}`)],
  ]);
  return {
    ...(Object.fromEntries(named) as ITheme),
    background: of("surface-sunken"),
    foreground: of("text"),
    cursor: of("accent-text"),
    cursorAccent: of("surface-sunken"),
    selectionBackground: of("accent-border"),
    scrollbarSliderBackground: of("border-strong"),
    scrollbarSliderHoverBackground: of("border-control"),
    scrollbarSliderActiveBackground: of("border-control"),
  };
}

// The policy of the page takes no style element without the nonce of this answer, and no style
// attribute at all. What a terminal makes is therefore made here: style elements with the
// nonce, and elements whose style attribute is set as a property, which the policy allows.
function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

function createElement(name: string): HTMLElement {
  const made = Document.prototype.createElement.call(document, name);
  if (name === "style") made.nonce = getNonce() ?? "";
  else made.setAttribute = setAttribute;
  return made;
}

// There is no option for it in 6.0.0: while it opens it makes its style elements with the page's
// document, and later the spans of its rows, whose maker is told here. A test sees violations.
function openIn(terminal: Terminal, element: HTMLElement): void {
  Object.defineProperty(document, "createElement", { value: createElement, configurable: true });
  try {
    terminal.open(element);
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
  const path = ["_core", "_renderService", "_renderer", "value", "_rowFactory"];
  const maker = path.reduce((object: object, key) => Reflect.get(object, key) as object, terminal);
  Reflect.set(maker, "_document", { createElement });
}

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Opens a terminal in an element. */
export function open(element: HTMLElement): Screen {
  const style = getComputedStyle(element);
  const terminal = new Terminal({
    allowProposedApi: true, // marks of what was found
    cursorBlink: !still(),
    fontFamily: style.fontFamily,
    fontSize: Number.parseFloat(style.fontSize),
    lineHeight: 1.25,
    minimumContrastRatio: 4.5,
    scrollback: 10_000,
    theme: theme(element),
  });
  const fitting = new FitAddon();
  terminal.loadAddon(fitting);
  openIn(terminal, element);
  let finder: Promise<SearchAddon> | undefined;
  const fit = () => {
    if (element.clientWidth > 0 && element.clientHeight > 0) fitting.fit();
  };
  fit();
  const size = new ResizeObserver(() => requestAnimationFrame(fit));
  size.observe(element);
  return {
    terminal,
    fit,
    search: () =>
      (finder ??= import("@xterm/addon-search").then(({ SearchAddon: Finder }) => {
        const made = new Finder();
        terminal.loadAddon(made);
        return made;
      })),
    dispose() {
      size.disconnect();
      terminal.dispose();
    },
  };
}
