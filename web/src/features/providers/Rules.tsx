import "./rules.css";
import { Plus, Trash2 } from "lucide-react";
import { useFieldArray, type UseFormReturn } from "react-hook-form";

import type { Problem } from "../../api/errors";
import { useMe } from "../../api/may";
import { roles } from "../../layout/roles";
import { t } from "../../locales";
import { p } from "../../locales/providers";
import { Button, IconButton } from "../../ui/Button";
import { Input, Select } from "../../ui/Field";
import { newRule, type ProviderForm } from "./provider";

const words = p.form;

interface RulesProps {
  form: UseFormReturn<ProviderForm>;
  problem: Problem | undefined;
}

interface RuleProps extends RulesProps {
  index: number;
  onRemove: () => void;
}

function Rule({ form: { register, getValues }, problem, index, onRemove }: RuleProps) {
  const me = useMe();
  const tenants = me?.tenants ?? [];
  const chosen = getValues(`mappings.${index}.tenant`);
  const error = (field: string) => problem?.field(`mappings[${index}].${field}`);
  return (
    <div
      className="flex items-end gap-2 max-md:flex-col max-md:items-stretch"
      role="group"
      aria-label={words.rule(index + 1)}
    >
      <Input
        mono
        className="min-w-0 flex-1"
        label={words.claimOf}
        error={error("claim")}
        maxLength={200}
        required
        {...register(`mappings.${index}.claim`)}
      />
      <Input
        mono
        className="min-w-0 flex-1"
        label={words.value}
        error={error("value")}
        maxLength={200}
        required
        {...register(`mappings.${index}.value`)}
      />
      {me?.multi_tenancy && (
        <Select
          className="min-w-0 flex-1"
          label={words.tenant}
          error={error("tenant")}
          required
          {...register(`mappings.${index}.tenant`)}
        >
          {tenants.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
          {!tenants.some(({ id }) => id === chosen) && <option value={chosen}>{chosen}</option>}
        </Select>
      )}
      <Select
        className="min-w-0 flex-1"
        label={words.role}
        error={error("role")}
        {...register(`mappings.${index}.role`)}
      >
        {roles.map((role) => (
          <option key={role} value={role}>
            {t.roles.names[role]}
          </option>
        ))}
      </Select>
      <IconButton className="max-md:self-end" label={words.removeRule(index + 1)} onClick={onRemove}>
        <Trash2 className="icon" />
      </IconButton>
    </div>
  );
}

/** Which claims give which roles. */
export function Rules({ form, problem }: RulesProps) {
  const here = useMe()?.tenant.id ?? "";
  const { fields, append, remove } = useFieldArray({ control: form.control, name: "mappings" });
  return (
    <fieldset>
      <legend>{words.rules}</legend>
      <p className="help">{words.rulesHelp}</p>
      {fields.length === 0 && <p className="text-muted">{words.noRules}</p>}
      {fields.map((field, index) => (
        <Rule key={field.id} form={form} problem={problem} index={index} onRemove={() => remove(index)} />
      ))}
      <div>
        <Button
          size="small"
          icon={<Plus className="icon" aria-hidden="true" />}
          onClick={() => append(newRule(here))}
        >
          {words.addRule}
        </Button>
      </div>
    </fieldset>
  );
}
