package dns_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"unity.internal/app/cert/dns"
)

// desec is the API of deSEC: the values of a name are a set, which is written as
// a whole.
func desec(t *testing.T) host {
	v := newVendor("Token")
	detail := func(w http.ResponseWriter, status int, text string) { answer(w, status, object{"detail": text}) }
	full := func(sub, zone string) string { return strings.TrimPrefix(sub+"."+zone, ".") }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/domains/{$}", func(w http.ResponseWriter, r *http.Request) {
		name, owner := r.URL.Query().Get("owns_qname"), ""
		for _, z := range zones {
			if (name == z || strings.HasSuffix(name, "."+z)) && len(z) > len(owner) {
				owner = z
			}
		}
		result := []object{}
		if owner != "" {
			result = append(result, object{"name": owner, "minimum_ttl": 3600, "touched": "2026-01-01T00:00:00Z"})
		}
		answer(w, http.StatusOK, result)
	})
	const sets = "/api/domains/{zone}/rrsets/"
	mux.HandleFunc("GET "+sets+"{sub}/TXT/{$}", func(w http.ResponseWriter, r *http.Request) {
		sub := r.PathValue("sub")
		s := v.sets[full(strings.TrimPrefix(sub, "@"), r.PathValue("zone"))]
		if s == nil {
			detail(w, http.StatusNotFound, "Not found.")
			return
		}
		answer(w, http.StatusOK, object{"subname": strings.TrimPrefix(sub, "@"), "type": "TXT", "ttl": s.ttl, "records": s.values})
	})
	mux.HandleFunc("PUT "+sets+"{$}", func(w http.ResponseWriter, r *http.Request) {
		var in []struct {
			Subname *string  `json:"subname"`
			Type    string   `json:"type"`
			TTL     int      `json:"ttl"`
			Records []string `json:"records"`
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		if err != nil || len(in) != 1 || in[0].Type != "TXT" || in[0].Records == nil || in[0].Subname == nil || strings.Contains(*in[0].Subname, "@") {
			answer(w, http.StatusBadRequest, []object{{"non_field_errors": []string{"Invalid input."}}})
			return
		}
		one := in[0]
		name := full(*one.Subname, r.PathValue("zone"))
		switch sorted := slices.Compact(slices.Sorted(slices.Values(one.Records))); {
		case len(one.Records) == 0:
			delete(v.sets, name)
			answer(w, http.StatusOK, in)
		case one.TTL < 3600:
			answer(w, http.StatusBadRequest, []object{{"ttl": []string{fmt.Sprintf("Ensure this value is greater than or equal to %d.", 3600)}}})
		case len(sorted) != len(one.Records), slices.ContainsFunc(one.Records, func(r string) bool { return !valid(r) }):
			answer(w, http.StatusBadRequest, []object{{"records": []string{"Record content malformed."}}})
		default:
			v.sets[name] = &set{ttl: one.TTL, values: one.Records}
			answer(w, http.StatusOK, in)
		}
	})
	return v.serve(t, dns.DeSEC, mux, func(w http.ResponseWriter, status int) {
		if status == http.StatusForbidden {
			detail(w, status, "You do not have permission to perform this action.")
			return
		}
		detail(w, status, "Invalid token.")
	})
}
