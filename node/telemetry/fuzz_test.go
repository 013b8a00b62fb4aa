package telemetry

import "testing"

// FuzzWords reads what a person writes for --log-level and --log-format.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"debug", "info", "warn", "error", "json", "text", "", "INFO", "info+1", "info+99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if l, err := ParseLevel(s); err == nil {
			if again, err := ParseLevel(l.String()); err != nil || again != l {
				t.Fatalf("level %q is %v, which is read as %v (%v)", s, l, again, err)
			}
		}
		_, _ = ParseFormat(s)
	})
}
