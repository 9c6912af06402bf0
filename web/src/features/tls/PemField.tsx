import { c } from "../../locales/tls";
import { Textarea } from "../../ui/Field";

interface PemFieldProps {
  label: string;
  help: string;
  rows?: number;
  value: string;
  onChange: (text: string) => void;
  error: string | undefined;
  placeholder: string;
  required?: boolean;
}

/** Text of a certificate or a key: pasted, or read from a file here in the browser. */
export function PemField({ label, value, onChange, ...rest }: PemFieldProps) {
  return (
    <div className="tls-pem">
      <Textarea
        mono
        label={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        {...rest}
      />
      <label className="btn small">
        {c.own.file}
        <input
          type="file"
          className="sr-only"
          accept=".pem,.crt,.cer,.key,text/plain"
          aria-label={c.own.fileOf(label)}
          onChange={(event) => {
            void event.target.files?.[0]?.text().then(onChange);
            event.target.value = ""; // the same file can be chosen again
          }}
        />
      </label>
    </div>
  );
}
