import { type Control, type FieldPathByValue, type FieldValues, useController } from "react-hook-form";

import { t } from "../locales";
import { PasswordInput } from "../ui/Field";
import { Mark } from "../ui/mark";

const shortest = 10;

interface NewPasswordProps<F extends FieldValues> {
  control: Control<F>;
  name: FieldPathByValue<F, string>;
  label: string;
  error?: string | undefined;
  autoFocus?: boolean;
}

/** A password that is made up now; a check appears when it is long enough. */
export function NewPassword<F extends FieldValues>({
  control,
  name,
  label,
  error,
  autoFocus,
}: NewPasswordProps<F>) {
  const { field } = useController({ control, name });
  const long = String(field.value).length >= shortest;
  return (
    <PasswordInput
      tall
      required
      autoFocus={autoFocus}
      label={label}
      error={error}
      help={
        <>
          <Mark shape={long ? "check" : "ring"} tone={long ? "ok" : "none"} />
          {t.auth.setup.passwordHelp}
        </>
      }
      autoComplete="new-password"
      minLength={shortest}
      {...field}
    />
  );
}
