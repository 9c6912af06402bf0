package transfer

import (
	"context"
	"encoding/json"
	"fmt"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// spotsOf returns the spots of sealed values in a table.
func spotsOf(table string) (all []store.Spot) {
	for _, s := range store.Spots() {
		if s.Table == table {
			all = append(all, s)
		}
	}
	return all
}

// A turn seals or opens one value for one place.
type turn func(where string, value []byte) ([]byte, error)

// opened returns the turn of an export: what the tenant sealed, plain.
func (s *Service) opened(ctx context.Context, id store.TenantID) turn {
	return func(where string, value []byte) ([]byte, error) {
		plain, err := s.Vault.Open(ctx, id, where, seal.Of(value))
		if f := fault.From(err); err != nil && f.Kind == fault.Internal {
			return nil, fault.New(ErrSecret.Kind, ErrSecret.Code, "The secret at %s cannot be opened. Enter it again or delete what it belongs to, then export.", where).Because(err)
		}
		return plain, err
	}
}

// sealed returns the turn of an import: what was plain, sealed for the tenant.
func (s *Service) sealed(ctx context.Context, id store.TenantID) turn {
	return func(where string, plain []byte) ([]byte, error) {
		v, err := s.Vault.Seal(ctx, id, where, plain)
		return v.Ciphertext(), err
	}
}

// turned replaces what is sealed in one row, by column. What is not there, and
// what is empty, stays as it is.
func turned(spots []store.Spot, row map[string]any, turn turn) error {
	for _, s := range spots {
		bound := s.Bound
		if bound == "" {
			bound, _ = row["id"].(string)
		}
		where := s.Place + "|" + bound
		var err error
		switch v := row[s.Column].(type) {
		case []byte:
			if s.Member == "" && len(v) > 0 {
				row[s.Column], err = turn(where, v)
			}
		case string:
			if s.Member != "" {
				row[s.Column], err = turnedMember(v, s.Member, func(v []byte) ([]byte, error) { return turn(where, v) })
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// turnedMember replaces one value in JSON, where it stands as base64.
func turnedMember(text, member string, turn func([]byte) ([]byte, error)) (string, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return "", fmt.Errorf("read %s: %w", member, err)
	}
	var value []byte
	if raw, ok := all[member]; ok {
		if err := json.Unmarshal(raw, &value); err != nil {
			return "", fmt.Errorf("read %s: %w", member, err)
		}
	}
	if len(value) > 0 {
		value, err := turn(value)
		if err != nil {
			return "", err
		}
		if all[member], err = json.Marshal(value); err != nil {
			return "", err
		}
	}
	out, err := json.Marshal(all) // its members are sorted, so that the same content reads the same
	return string(out), err
}
