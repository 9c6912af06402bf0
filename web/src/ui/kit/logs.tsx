import { useEffect, useMemo, useState } from "react";

import { Button } from "../Button";
import { Section } from "../Facts";
import { LogBuffer, type LogLine } from "../log-buffer";
import { LogView } from "../LogView";
import { Status } from "../mark";

const esc = String.fromCharCode(27);
const colours = Array.from(
  { length: 16 },
  (_, i) => `${esc}[${i < 8 ? 30 + i : 82 + i}mink ${i}${esc}[0m`,
).join(" ");
const papers = Array.from({ length: 8 }, (_, i) => `${esc}[${40 + i}m paper ${i} ${esc}[0m`).join(" ");
const start = Date.now();

const says = [
  "GET /healthz 200 1.2 ms",
  `${esc}[32mINFO${esc}[0m order 48213 paid, 3 items`,
  `${esc}[33mWARN${esc}[0m retrying payment provider, attempt 2`,
  `${esc}[31mERROR${esc}[0m connection refused: dial tcp 10.42.0.17:5432, a long line that goes on about what it tried, in which order, and why none of it did any good`,
];

const line = (i: number): LogLine => ({
  text: `${says[i % 7 === 6 ? 3 : i % 3]} #${i}`,
  at: start + i * 13,
  source: ["checkout-7d9f8b6c5-x2x", "checkout-7d9f8b6c5-k9q", "payments-0"][i % 3],
});

function filled(count: number): LogBuffer {
  const buffer = new LogBuffer();
  buffer.append([{ text: colours }, { text: papers }]);
  buffer.append(Array.from({ length: count }, (_, i) => line(i)));
  return buffer;
}

/** The log of several, still or at ten thousand lines a second, and one that is empty. */
export function Logs() {
  const buffer = useMemo(() => filled(12), []);
  const none = useMemo(() => new LogBuffer(), []);
  const [fast, setFast] = useState(false);
  useEffect(() => {
    if (!fast) return;
    const from = performance.now();
    let n = 0;
    const timer = setInterval(() => {
      const due = Math.floor((performance.now() - from) * 10) - n; // a busy machine catches up
      buffer.append(Array.from({ length: due }, () => line(1000 + n++)));
    }, 10);
    return () => clearInterval(timer);
  }, [fast, buffer]);
  return (
    <>
      <Section
        className="mt-8"
        title="Log"
        end={
          <Button size="small" onClick={() => setFast(!fast)}>
            {fast ? "Stop" : "10,000 lines a second"}
          </Button>
        }
      >
        <div className="h-96">
          <LogView label="Log of checkout" buffer={buffer} named state={<Status look="up">3 of 3</Status>} />
        </div>
      </Section>
      <div className="mt-4 h-48">
        <LogView label="Log of nobody" buffer={none} state={<Status look="pending">Waiting</Status>} />
      </div>
    </>
  );
}
