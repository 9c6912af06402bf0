import { t } from "../locales";
import { Select } from "../ui/Field";

/** Spans that people snooze and silence for, in minutes; "tomorrow" ends at eight in the morning. */
export const spans = ["60", "240", "tomorrow", "1440", "10080"] as const;

/** How many minutes from now a span lasts. */
export function minutesOf(span: string, now = new Date()): number {
  if (span !== "tomorrow") return Number(span);
  const morning = new Date(now);
  morning.setHours(8, 0, 0, 0);
  morning.setDate(morning.getDate() + 1);
  return Math.round((morning.getTime() - now.getTime()) / 60_000);
}

/** When a span that begins now ends. */
export const untilOf = (span: string): Date => new Date(Date.now() + minutesOf(span) * 60_000);

interface SpanSelectProps {
  label: string;
  value: string;
  onChange: (span: string) => void;
}

/** How long from now. */
export function SpanSelect({ label, value, onChange }: SpanSelectProps) {
  return (
    <Select label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      {spans.map((span) => (
        <option key={span} value={span}>
          {t.alerts.spans[span]}
        </option>
      ))}
    </Select>
  );
}
