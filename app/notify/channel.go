package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// mask stands where a secret is. Sending it back keeps the secret.
const mask = "********"

// ErrSecret says that a mask was sent where no secret can be kept.
var ErrSecret = fault.New(fault.Invalid, "channel.secret_needed",
	"Enter the secret again: none is stored for this field, or the channel's address changed and it must not go there unasked.")

// Create checks v, whose config holds its secrets in the clear, seals them and stores it.
func (s *Service) Create(ctx context.Context, t store.Tenant, v store.Channel) (store.Channel, error) {
	v.ID = store.NewID()
	v, err := s.ready(ctx, t, v, nil)
	if err != nil {
		return v, err
	}
	return t.CreateChannel(ctx, v)
}

// Update is Create for a channel that is there: masks keep what is stored.
func (s *Service) Update(ctx context.Context, t store.Tenant, v store.Channel) (store.Channel, error) {
	old, err := t.Channel(ctx, v.ID)
	if err != nil {
		return v, err
	}
	v.Type = old.Type
	if v, err = s.ready(ctx, t, v, &old); err != nil {
		return v, err
	}
	return t.UpdateChannel(ctx, v)
}

// ready returns v as it is stored: checked, its secrets sealed and masked.
func (s *Service) ready(ctx context.Context, t store.Tenant, v store.Channel, old *store.Channel) (store.Channel, error) {
	k, err := s.kind(v.Type)
	if err != nil {
		return v, err
	}
	if err := CheckTemplate(v.Template); err != nil {
		return v, err
	}
	var secrets, kept map[string]any
	if old != nil {
		if kept, err = s.secrets(ctx, t, *old); err != nil {
			return v, err
		}
		secrets = kept
		if k.Home(v.Config) != k.Home(old.Config) {
			secrets = nil
		}
	}
	full, err := fill(v.Config, secrets)
	if err != nil {
		return v, err
	}
	if _, err := open(k, full); err != nil {
		return v, err
	}
	shown, hidden := split(k, full)
	v.Config = shown
	if old != nil && reflect.DeepEqual(hidden, kept) {
		v.Secrets = old.Secrets // the same ciphertext: the audit tells changed ones by it
		return v, nil
	}
	data, err := json.Marshal(hidden)
	if err != nil {
		return v, fmt.Errorf("write secrets: %w", err)
	}
	v.Secrets, err = s.Sealer.Seal(ctx, t.ID, where(v.ID), data)
	return v, err
}

func where(channel string) string { return "channels|secrets|" + channel }

// secrets opens what is sealed of a channel.
func (s *Service) secrets(ctx context.Context, t store.Tenant, v store.Channel) (map[string]any, error) {
	if len(v.Secrets.Ciphertext()) == 0 {
		return map[string]any{}, nil
	}
	data, err := s.Sealer.Open(ctx, t.ID, where(v.ID), v.Secrets)
	if err != nil {
		return nil, err
	}
	secrets := map[string]any{}
	return secrets, json.Unmarshal(data, &secrets)
}

// fill returns config with secrets where it has masks.
func fill(config, secrets map[string]any) (map[string]any, error) {
	full := make(map[string]any, len(config))
	for name, v := range config {
		switch v := v.(type) {
		case string:
			full[name] = v
			if v == mask {
				if full[name] = secrets[name]; full[name] == nil {
					return nil, ErrSecret
				}
			}
		case map[string]any:
			inner, _ := secrets[name].(map[string]any)
			part, err := fill(v, inner)
			if err != nil {
				return nil, err
			}
			full[name] = part
		default:
			full[name] = v
		}
	}
	return full, nil
}

// split parts a whole config into what is shown, with masks, and what is sealed.
func split(k Kind, full map[string]any) (shown, hidden map[string]any) {
	shown, hidden = map[string]any{}, map[string]any{}
	secret := map[string]bool{}
	for _, f := range k.Fields {
		secret[f.Name] = f.Secret()
	}
	for name, v := range full {
		shown[name] = v
		if !secret[name] || v == nil || v == "" {
			continue
		}
		hidden[name], shown[name] = v, mask
		if inner, ok := v.(map[string]any); ok {
			masks := map[string]any{}
			for n := range inner {
				masks[n] = mask
			}
			shown[name] = masks
		}
	}
	return shown, hidden
}

// open returns the channel of a whole config.
func open(k Kind, full map[string]any) (Channel, error) {
	data, err := json.Marshal(full)
	if err != nil {
		return nil, fmt.Errorf("write config: %w", err)
	}
	return k.Open(data)
}

// Decode reads a config strictly: what a kind does not know is an error.
func Decode(config []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(config))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return ErrConfig(e.Field, "this is no "+e.Type.String())
	}
	if err != nil { // the decoder quotes names of fields, never values
		return ErrConfig("", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// channel opens a stored channel and returns what must never be shown of it.
func (s *Service) channel(ctx context.Context, t store.Tenant, v store.Channel) (Channel, []string, error) {
	k, err := s.kind(v.Type)
	if err != nil {
		return nil, nil, err
	}
	secrets, err := s.secrets(ctx, t, v)
	if err != nil {
		return nil, nil, err
	}
	full, err := fill(v.Config, secrets)
	if err != nil {
		return nil, nil, err
	}
	c, err := open(k, full)
	return c, texts(secrets), err
}

// texts returns every string of a config.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		for _, inner := range v {
			all = append(all, texts(inner)...)
		}
	}
	return all
}
