package dns_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"unity.internal/app/cert/dns"
)

// cloudflare is the API of Cloudflare: each value is a record, known by an id.
func cloudflare(t *testing.T) host {
	v := newVendor("Bearer")
	failed := func(w http.ResponseWriter, status, code int, message string) {
		answer(w, status, object{"success": false, "errors": []object{{"code": code, "message": message}}, "messages": []any{}, "result": nil})
	}
	done := func(w http.ResponseWriter, result any) {
		answer(w, http.StatusOK, object{"success": true, "errors": []any{}, "messages": []any{}, "result": result})
	}
	id := func(zone string) string { return fmt.Sprintf("%032x", zone)[:32] }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/zones", func(w http.ResponseWriter, r *http.Request) {
		result := []object{}
		if name := r.URL.Query().Get("name"); slices.Contains(zones, name) {
			result = append(result, object{"id": id(name), "name": name, "status": "active"})
		}
		done(w, result)
	})
	const records = "/api/zones/{zone}/dns_records"
	mux.HandleFunc("GET "+records, func(w http.ResponseWriter, r *http.Request) {
		result := []object{}
		name := r.URL.Query().Get("name")
		if s := v.sets[name]; s != nil && r.URL.Query().Get("type") == "TXT" {
			for _, value := range s.values {
				result = append(result, object{"id": fmt.Sprintf("%x", name+" "+value), "type": "TXT", "name": name, "content": value, "ttl": s.ttl})
			}
		}
		done(w, result)
	})
	mux.HandleFunc("POST "+records, func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Type, Name, Content string
			TTL                 int
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		s := v.sets[in.Name]
		within := slices.ContainsFunc(zones, func(z string) bool {
			return id(z) == r.PathValue("zone") && (in.Name == z || strings.HasSuffix(in.Name, "."+z))
		})
		switch {
		case in.Type != "TXT" || !valid(in.Content) || in.Name != strings.ToLower(in.Name):
			failed(w, http.StatusBadRequest, 9005, "Content for TXT record is invalid.")
		case in.TTL != 1 && in.TTL < 60:
			failed(w, http.StatusBadRequest, 9021, "Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic.")
		case !within:
			failed(w, http.StatusNotFound, 7003, "Could not route to the zone, perhaps your object identifier is invalid?")
		case s != nil && slices.Contains(s.values, in.Content):
			failed(w, http.StatusBadRequest, 81058, "An identical record already exists.")
		default:
			if s == nil {
				s = &set{ttl: in.TTL}
				v.sets[in.Name] = s
			}
			s.values = append(s.values, in.Content)
			done(w, in)
		}
	})
	mux.HandleFunc("DELETE "+records+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		for name, s := range v.sets {
			for i, value := range s.values {
				if fmt.Sprintf("%x", name+" "+value) == r.PathValue("id") {
					s.values = slices.Delete(s.values, i, i+1)
					done(w, object{"id": r.PathValue("id")})
					return
				}
			}
		}
		failed(w, http.StatusNotFound, 81044, "Record does not exist.")
	})
	return v.serve(t, dns.Cloudflare, mux, func(w http.ResponseWriter, status int) {
		if status == http.StatusForbidden {
			failed(w, status, 10000, "Authentication error")
			return
		}
		failed(w, http.StatusForbidden, 9109, "Invalid access token")
	})
}

func TestCloudflareTakesItForNoToken(t *testing.T) {
	t.Parallel()
	h := cloudflare(t)
	h.vendor.set(func(w http.ResponseWriter, _ *http.Request) bool {
		answer(w, http.StatusBadRequest, object{"success": false, "errors": []object{{
			"code": 6003, "message": "Invalid request headers", "error_chain": []object{{"code": 6111, "message": "Invalid format for Authorization header"}},
		}}})
		return true
	})
	if _, err := h.provider(t, "tk").AppendRecords(t.Context(), "example.test.", txt("_acme-challenge", "value")); !errors.Is(err, dns.ErrToken) {
		t.Errorf("err = %v", err)
	}
}
