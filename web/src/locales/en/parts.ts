import { plural } from "../plural";

export const parts = {
  table: {
    columns: "Columns",
    keys: "Arrows move, Space selects, Enter opens",
  },
  find: {
    label: "Find",
    next: "Next",
    previous: "Previous",
    count: (at: number, count: number) => (count === 0 ? "none" : at ? `${at} of ${count}` : String(count)),
  },
  terminal: {
    connecting: "Connecting",
    connected: "Connected",
    ended: "Ended",
    endedWith: (code: number) => `Ended with code ${code}`,
    lost: "Connection lost",
    reconnect: "Connect again",
    leave: "Esc, then Tab leaves the terminal",
    find: "Find, Ctrl-Shift-F",
    copy: "Copy what is selected, Ctrl-Shift-C",
    paste: "Paste, Ctrl-Shift-V",
    reader: "For screen readers",
  },
  log: {
    lines: (n: number) => plural(n, "line", "lines"),
    gone: (n: number) => `${plural(n, "older line", "older lines")} dropped`,
    follow: "Follow",
    following: "Following",
    wrap: "Wrap long lines",
    times: "Show times",
    names: "Show names",
    copy: "Copy all lines",
    empty: "Nothing has been written yet.",
    keys: "Arrows scroll, End follows",
  },
};
