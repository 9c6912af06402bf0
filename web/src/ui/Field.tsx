import clsx from "clsx";
import { ChevronDown, Eye, EyeOff } from "lucide-react";
import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";

import { t } from "../locales";
import { IconButton } from "./Button";
import { Mark } from "./mark";

interface Shared {
  label: ReactNode;
  /** Hides the label from the eye, not from screen readers. */
  bare?: boolean | undefined;
  help?: ReactNode;
  /** Replaces the help: what is wrong, and why. */
  error?: string | undefined;
  className?: string | undefined;
}

interface FrameProps extends Shared {
  id: string;
  children: ReactNode;
}

function Frame({ id, label, bare, help, error, className, children }: FrameProps) {
  return (
    <div className={clsx("field", className)}>
      <label htmlFor={id} className={bare ? "sr-only" : undefined}>
        {label}
      </label>
      {children}
      {error ? (
        <p className="help bad" id={`${id}-help`}>
          <Mark shape="diamond" tone="critical" />
          {error}
        </p>
      ) : (
        help && (
          <p className="help" id={`${id}-help`}>
            {help}
          </p>
        )
      )}
    </div>
  );
}

function describe(id: string, { error, help }: Shared) {
  return {
    "aria-invalid": error ? true : undefined,
    "aria-describedby": error || help ? `${id}-help` : undefined,
  };
}

/** What a machine reads: nothing may correct, capitalise or remember it. */
const machine = {
  className: "mono",
  autoCapitalize: "none",
  autoComplete: "off",
  spellCheck: false,
} as const;

interface InputProps extends Shared, Omit<InputHTMLAttributes<HTMLInputElement>, "className"> {
  ref?: Ref<HTMLInputElement>;
  /** 40 px, on pages that ask one thing. */
  tall?: boolean | undefined;
  /** A machine reads it. */
  mono?: boolean | undefined;
  icon?: ReactNode;
  /** A unit or a button after the text. */
  end?: ReactNode;
}

/** A line of text with its label, help and error. */
export function Input({
  label,
  bare,
  help,
  error,
  className,
  tall,
  mono,
  icon,
  end,
  ref,
  ...rest
}: InputProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} bare={bare} help={help} error={error} className={className}>
      <div className={clsx("input", tall && "tall", error && "invalid")}>
        {icon}
        <input id={id} ref={ref} {...(mono && machine)} {...describe(id, { label, help, error })} {...rest} />
        {end}
      </div>
    </Frame>
  );
}

/** A password, which can be looked at before it is sent. */
export function PasswordInput(props: Omit<InputProps, "type" | "end">) {
  const [shown, setShown] = useState(false);
  return (
    <Input
      {...props}
      type={shown ? "text" : "password"}
      autoCapitalize="none"
      spellCheck={false}
      end={
        <IconButton
          size="small"
          label={shown ? t.ui.hide : t.ui.show}
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff className="icon" /> : <Eye className="icon" />}
        </IconButton>
      }
    />
  );
}

interface SelectProps extends Shared, Omit<SelectHTMLAttributes<HTMLSelectElement>, "className"> {
  ref?: Ref<HTMLSelectElement>;
  tall?: boolean | undefined;
}

/** One of several. The device's own list: the best under a finger, and free. */
export function Select({ label, bare, help, error, className, tall, children, ref, ...rest }: SelectProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} bare={bare} help={help} error={error} className={className}>
      <div className={clsx("input", tall && "tall", error && "invalid")}>
        <select id={id} ref={ref} {...describe(id, { label, help, error })} {...rest}>
          {children}
        </select>
        <ChevronDown className="icon" aria-hidden="true" />
      </div>
    </Frame>
  );
}

interface TextareaProps extends Shared, Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "className"> {
  ref?: Ref<HTMLTextAreaElement>;
  /** A machine reads it. */
  mono?: boolean | undefined;
}

/** Lines of text. */
export function Textarea({ label, bare, help, error, className, mono, ref, ...rest }: TextareaProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} bare={bare} help={help} error={error} className={className}>
      <div className={clsx("input area", error && "invalid")}>
        <textarea
          id={id}
          ref={ref}
          {...(mono && machine)}
          {...describe(id, { label, help, error })}
          {...rest}
        />
      </div>
    </Frame>
  );
}

interface TickProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "type" | "className"> {
  ref?: Ref<HTMLInputElement>;
  label: ReactNode;
  help?: ReactNode;
  className?: string | undefined;
}

function Tick({
  label,
  help,
  className,
  ref,
  kind,
  ...rest
}: TickProps & { kind: "check" | "switch" | "radio" }) {
  const id = useId();
  return (
    <div
      className={clsx("grid grid-cols-[max-content_minmax(0,1fr)] items-center gap-x-2 gap-y-1", className)}
    >
      <input
        id={id}
        ref={ref}
        type={kind === "radio" ? "radio" : "checkbox"}
        role={kind === "switch" ? "switch" : undefined}
        className={kind === "switch" ? "switch" : "check"}
        aria-describedby={help ? `${id}-help` : undefined}
        {...rest}
      />
      <label htmlFor={id}>{label}</label>
      {help && (
        <p className="help col-start-2" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** Yes or no, sent with its form. */
export const Checkbox = (props: TickProps) => <Tick kind="check" {...props} />;

/** On or off, in force at once. */
export const Switch = (props: TickProps) => <Tick kind="switch" {...props} />;

interface RadiosProps<V extends string> {
  label: ReactNode;
  value: V;
  options: readonly { value: V; label: ReactNode; help?: ReactNode; disabled?: boolean | undefined }[];
  onChange: (value: V) => void;
}

/** One of a few, each with a sentence that says what it means. */
export function Radios<V extends string>({ label, value, options, onChange }: RadiosProps<V>) {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{label}</legend>
      {options.map((option) => (
        <Tick
          key={option.value}
          kind="radio"
          name={name}
          label={option.label}
          help={option.help}
          disabled={option.disabled}
          checked={option.value === value}
          onChange={() => onChange(option.value)}
        />
      ))}
    </fieldset>
  );
}

interface PickProps {
  label: string;
  checked: boolean;
  /** Some of what it stands for, not all. */
  some?: boolean | undefined;
  /** Out of the tab order, where a key of the list does the same. */
  keyless?: boolean | undefined;
  /** `range`: with Shift, up to the last one that was pressed. */
  onChange: (checked: boolean, range: boolean) => void;
}

/** The checkbox of a row or of a whole list; its label is only spoken. */
export function Pick({ label, checked, some = false, keyless, onChange }: PickProps) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.indeterminate = some && !checked;
  }, [some, checked]);
  return (
    <input
      ref={ref}
      type="checkbox"
      className="check"
      aria-label={label}
      checked={checked}
      tabIndex={keyless ? -1 : undefined}
      onChange={(event) => onChange(event.target.checked, (event.nativeEvent as MouseEvent).shiftKey)}
      onClick={(event) => event.stopPropagation()}
    />
  );
}
