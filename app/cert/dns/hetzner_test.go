package dns_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"unity.internal/app/cert/dns"
	"unity.internal/app/fault"
)

// hetzner is the API of Hetzner's cloud: values are added and removed by actions,
// which are under way at first; until then their zone is locked.
func hetzner(t *testing.T) host {
	v := newVendor("Bearer")
	failed := func(w http.ResponseWriter, status int, code, message string) {
		answer(w, status, object{"error": object{"code": code, "message": message, "details": nil}})
	}
	full := func(r *http.Request) string {
		n, _ := strconv.Atoi(r.PathValue("zone"))
		return strings.TrimPrefix(r.PathValue("name")+"."+zones[n%len(zones)], "@.")
	}
	type action struct {
		done bool
		do   func()
	}
	var actions []*action
	begin := func(w http.ResponseWriter, do func()) {
		actions = append(actions, &action{do: do})
		answer(w, http.StatusCreated, object{"action": object{"id": len(actions) - 1, "status": "running", "progress": 0, "error": nil}})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/zones", func(w http.ResponseWriter, r *http.Request) {
		result := []object{}
		if i := slices.Index(zones, r.URL.Query().Get("name")); i >= 0 {
			result = append(result, object{"id": len(zones) + i, "name": zones[i], "mode": "primary"})
		}
		answer(w, http.StatusOK, object{"zones": result, "meta": object{}})
	})
	mux.HandleFunc("GET /api/actions/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		if a := actions[id]; !a.done {
			a.do()
			a.done = true
		}
		answer(w, http.StatusOK, object{"action": object{"id": id, "status": "success", "error": nil}})
	})
	const at = "/api/zones/{zone}/rrsets/{name}/TXT"
	mux.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) {
		s := v.sets[full(r)]
		if s == nil {
			failed(w, http.StatusNotFound, "not_found", "rrset not found")
			return
		}
		records := []object{}
		for _, value := range s.values {
			records = append(records, object{"value": value, "comment": ""})
		}
		answer(w, http.StatusOK, object{"rrset": object{"id": r.PathValue("name") + "/TXT", "ttl": s.ttl, "records": records}})
	})
	mux.HandleFunc("POST "+at+"/actions/{what}", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			TTL     *int
			Records []struct{ Value string }
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		name, s := full(r), v.sets[full(r)]
		switch {
		case err != nil || len(in.Records) != 1 || !valid(in.Records[0].Value):
			failed(w, http.StatusUnprocessableEntity, "invalid_input", "invalid input in field 'records'")
		case slices.ContainsFunc(actions, func(a *action) bool { return !a.done }):
			failed(w, http.StatusLocked, "locked", "zone is locked by another action")
		case r.PathValue("what") == "remove_records":
			if s == nil || !slices.Contains(s.values, in.Records[0].Value) {
				failed(w, http.StatusNotFound, "not_found", "record not found")
				return
			}
			begin(w, func() {
				s.values = slices.DeleteFunc(s.values, func(v string) bool { return v == in.Records[0].Value })
				if len(s.values) == 0 {
					delete(v.sets, name)
				}
			})
		case s != nil && slices.Contains(s.values, in.Records[0].Value):
			failed(w, http.StatusConflict, "uniqueness_error", "record exists already")
		case s != nil && (in.TTL == nil || *in.TTL != s.ttl):
			failed(w, http.StatusUnprocessableEntity, "invalid_input", "the TTL differs from that of the RRSet")
		default:
			begin(w, func() {
				if s == nil {
					s = &set{ttl: *in.TTL}
					v.sets[name] = s
				}
				s.values = append(s.values, in.Records[0].Value)
			})
		}
	})
	return v.serve(t, dns.Hetzner, mux, func(w http.ResponseWriter, status int) {
		if status == http.StatusForbidden {
			failed(w, status, "forbidden", "insufficient permissions for this request")
			return
		}
		failed(w, status, "unauthorized", "the token you have provided is invalid")
	})
}

func TestHetznerActionThatFails(t *testing.T) {
	t.Parallel()
	h := hetzner(t)
	p := h.provider(t, h.secret)
	h.vendor.set(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/actions/") {
			return false
		}
		answer(w, http.StatusOK, object{"action": object{"id": 0, "status": "error", "error": object{"code": "action_failed", "message": "Action failed"}}})
		return true
	})
	_, err := p.AppendRecords(t.Context(), "example.test.", txt("_acme-challenge", "value"))
	if !errors.Is(err, dns.ErrAnswer) || !strings.Contains(fault.From(err).Msg, "Hetzner says: Action failed") {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	polls := 0
	h.vendor.set(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/actions/") && r.Method != http.MethodPost {
			return false
		}
		if polls++; polls == 3 {
			cancel()
		}
		answer(w, http.StatusOK, object{"action": object{"id": 0, "status": "running", "error": nil}})
		return true
	})
	if _, err := p.AppendRecords(ctx, "example.test.", txt("_acme-challenge", "value")); !errors.Is(err, context.Canceled) {
		t.Errorf("never ends: %v", err)
	}
}
