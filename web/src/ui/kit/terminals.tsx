import { useCallback, useRef, useState } from "react";

import { Section } from "../Facts";
import { Terminal, type TerminalState, type Write } from "../Terminal";

const colours = Array.from({ length: 16 }, (_, i) => `\x1b[${i < 8 ? 30 + i : 82 + i}mink ${i}\x1b[0m`).join(
  " ",
);

const welcome = `\x1b[1mcheckout-7d9f8b6c5-x2x\x1b[0m:\x1b[34m/app\x1b[0m$ ls --color
\x1b[34mbin\x1b[0m  \x1b[32mrun.sh\x1b[0m  \x1b[36mcurrent\x1b[0m  data.tar.gz  \x1b[41mbroken\x1b[0m
${colours}
unicode: zażółć gęślą jaźń · 東京 · 🚢
$ `.replaceAll("\n", "\r\n");

/** A terminal that says back what is typed, and the three ways it can stand still. */
export function Terminals() {
  const [state, setState] = useState<TerminalState>({ is: "connected" });
  const [size, setSize] = useState("");
  const out = useRef<Write>(() => undefined);
  const source = useCallback((write: Write) => {
    out.current = write;
    write(welcome);
    return () => undefined;
  }, []);
  const quiet = useCallback((write: Write) => {
    write("$ exit\r\n");
    return () => undefined;
  }, []);
  const onData = useCallback((data: string) => {
    if (data === "\x04") setState({ is: "ended", code: 0 });
    else out.current(data === "\r" ? "\r\n$ " : data.replaceAll("\t", "<tab>"));
  }, []);
  const still = { source: quiet, onData: () => undefined, onResize: () => undefined };
  return (
    <>
      <Section className="mt-8" title="Terminal" end={<span className="text-sm text-faint">{size}</span>}>
        <div className="h-64">
          <Terminal
            label="Terminal of checkout"
            state={state}
            source={source}
            onData={onData}
            onResize={(cols, rows) => setSize(`${cols} × ${rows}`)}
            onReconnect={() => setState({ is: "connected" })}
          />
        </div>
      </Section>
      <div className="mt-4 grid h-144 gap-4 md:h-48 md:grid-cols-3">
        <Terminal {...still} label="Connecting" state={{ is: "connecting" }} />
        <Terminal {...still} label="Ended" state={{ is: "ended", code: 137 }} onReconnect={() => undefined} />
        <Terminal {...still} label="Lost" state={{ is: "lost" }} onReconnect={() => undefined} />
      </div>
    </>
  );
}
