package app

import "testing"

func TestGivenNamesCover(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		given, host string
		want        bool
	}{
		{"unity.example.org", "Unity.Example.org", true},
		{"unity.example.org", "a.unity.example.org", false},
		{"*.example.org", "tv.example.org", true},
		{"*.example.org", "example.org", false},
		{"*.example.org", "a.b.example.org", false},
		{"*.example.org", "tv.example.org.evil.test", false},
		{"*.example.org", "*.example.org", true},
	} {
		if got := covers(v.given, v.host); got != v.want {
			t.Errorf("%s covers %s: %v", v.given, v.host, got)
		}
	}
}
