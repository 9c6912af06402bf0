import "./objects.css";

import { Plus, X } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";

import { o } from "../../locales/objects";
import { Button, IconButton } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { Terminal, type TerminalState, type Write } from "../../ui/Terminal";
import type { PartProps } from "./ObjectPage";
import { socketHref } from "./socket";
import type { Place } from "./types";

interface SessionProps {
  place: Place;
  container: string;
}

// A shell in a container: what is typed goes there, what it says comes back.
function Session({ place, container }: SessionProps) {
  const [state, setState] = useState<TerminalState>({ is: "connecting" });
  const [turn, setTurn] = useState(0);
  const socket = useRef<WebSocket>(undefined);
  const size = useRef({ cols: 80, rows: 24 });
  const { cluster, namespace, name } = place;
  const source = useCallback(
    (write: Write) => {
      const { cols, rows } = size.current;
      const query = new URLSearchParams({
        namespace,
        name,
        container,
        cols: String(cols),
        rows: String(rows),
      });
      const made = new WebSocket(socketHref(`/clusters/${encodeURIComponent(cluster)}/exec`, query));
      made.binaryType = "arraybuffer";
      socket.current = made;
      setState({ is: "connecting" });
      const end = new AbortController();
      const { signal } = end;
      made.addEventListener("open", () => setState({ is: "connected" }), { signal });
      const say = ({ data }: MessageEvent<ArrayBuffer | string>) => {
        if (typeof data !== "string") return write(new Uint8Array(data));
        const { code, message } = JSON.parse(data) as { code: number; message?: string };
        if (message) write(`\r\n${message}\r\n`);
        setState(code < 0 ? { is: "lost", reason: message } : { is: "ended", code });
      };
      made.addEventListener("message", say, { signal });
      const lost = ({ reason }: CloseEvent) =>
        setState((now) => (now.is === "ended" || now.is === "lost" ? now : { is: "lost", reason }));
      made.addEventListener("close", lost, { signal });
      return () => {
        end.abort();
        made.close(1000);
      };
    },
    // Another turn is another session.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [cluster, namespace, name, container, turn],
  );
  const send = (data: string | Uint8Array<ArrayBuffer>) =>
    socket.current?.readyState === WebSocket.OPEN && socket.current.send(data);
  return (
    <Terminal
      focus
      label={o.terminal.of(name, container)}
      state={state}
      source={source}
      onData={(data) => send(new TextEncoder().encode(data))}
      onResize={(cols, rows) => {
        size.current = { cols, rows };
        send(JSON.stringify({ type: "resize", cols, rows }));
      }}
      onReconnect={() => setTurn((n) => n + 1)}
    />
  );
}

interface Opened {
  id: number;
  container: string;
}

/** Terminals in the containers of a pod, each in a tab that stays as it is while another one is shown. */
export function TerminalTab({ place, look }: PartProps) {
  const containers = (look.pod?.containers ?? [])
    .filter(({ state }) => state === "running")
    .map(({ name }) => name);
  const all = containers.length > 0 ? containers : (look.pod?.containers ?? []).map(({ name }) => name);
  const [container, setContainer] = useState(all[0] ?? "");
  const [opened, setOpened] = useState<readonly Opened[]>([{ id: 1, container }]);
  const [shown, setShown] = useState(1);
  const last = useRef(1);
  useEffect(() => {
    if (opened.length > 0 && !opened.some(({ id }) => id === shown)) setShown(opened.at(-1)?.id ?? 0);
  }, [opened, shown]);
  function add(): void {
    last.current++;
    setOpened([...opened, { id: last.current, container }]);
    setShown(last.current);
  }
  return (
    <>
      <div className="row mb-3 flex-wrap">
        <div role="tablist" aria-label={o.terminal.tabs} className="row flex-wrap gap-1">
          {opened.map(({ id, container: name }) => (
            <span key={id} className="object-session" data-on={id === shown || undefined}>
              <button type="button" role="tab" aria-selected={id === shown} onClick={() => setShown(id)}>
                {id}. {name}
              </button>
              <IconButton
                size="small"
                label={o.terminal.close(id)}
                onClick={() => setOpened(opened.filter((each) => each.id !== id))}
              >
                <X className="icon" />
              </IconButton>
            </span>
          ))}
        </div>
        {all.length > 1 && (
          <Choice
            label=""
            value={container}
            onChange={setContainer}
            options={all.map((name) => ({ value: name, label: name }))}
          />
        )}
        <Button size="small" icon={<Plus className="icon" aria-hidden="true" />} onClick={add}>
          {o.terminal.add}
        </Button>
      </div>
      {opened.map(({ id, container: name }) => (
        <div key={id} className="object-tall" hidden={id !== shown}>
          <Session place={place} container={name} />
        </div>
      ))}
    </>
  );
}
