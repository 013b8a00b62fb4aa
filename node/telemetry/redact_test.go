package telemetry_test

import (
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/telemetry"
)

// canary is what must not be seen in any line.
const canary = "c4n4ryV4lue"

const pemKey = "-----BEGIN PRIVATE KEY-----\nMC4CAQ" + canary + "\n-----END PRIVATE KEY-----\n"

type config struct {
	Path       string `json:"path"`
	SigningKey string `json:"signingKey"`
	Nested     map[string]any
}

type named struct{ text string }

func (n named) String() string { return n.text }

type lazy struct{}

func (lazy) LogValue() slog.Value { return slog.GroupValue(slog.String("api_token", canary)) }

func TestSecretsReachNoSink(t *testing.T) {
	t.Parallel()
	for name, attr := range map[string]slog.Attr{
		"a key":                       slog.String("key", canary),
		"a key in camel case":         slog.String("signingKey", canary),
		"a secret":                    slog.String("secret", canary),
		"a client secret":             slog.String("client-secret", canary),
		"a token":                     slog.Any("auth.token", canary),
		"a password":                  slog.String("PASSWORD", canary),
		"a seed":                      slog.String("seed", canary),
		"a private thing":             slog.String("private_bytes_hex", canary),
		"bytes under a harmless name": slog.Any("raw", []byte(canary)),
		"a PEM block":                 slog.String("body", pemKey),
		"a PEM block cut short":       slog.String("body", strings.TrimSuffix(pemKey, "-----END PRIVATE KEY-----\n")),
		"a PEM block escaped once":    slog.String("body", strings.ReplaceAll(pemKey, "\n", `\n`)),
		"a PEM block in an error":     slog.Any("error", errorText("cannot read "+pemKey)),
		"a PEM block in a Stringer":   slog.Any("value", named{pemKey}),
		"a field of a struct":         slog.Any("config", config{Path: "/x", SigningKey: canary}),
		"a PEM block in a nested map": slog.Any("config", config{Nested: map[string]any{"a": []any{pemKey}}}),
		"a member of a group":         slog.Group("tls", slog.String("ca", "x"), slog.String("private_key", canary)),
		"a group that is a secret":    slog.Group("credentials", slog.String("user", canary)),
		"a value made on demand":      slog.Any("who", lazy{}),
		"a number under a secret key": slog.Any("pin_secret", []string{canary}),
	} {
		log, out := pipeline(t, slog.LevelInfo)
		log.Logger.Info("as an attribute", attr)
		log.Logger.With(attr).Info("as an attribute of the logger")
		log.Logger.WithGroup("g").With(attr).Info("inside a group")
		for _, line := range append(log.Ring.Lines(slog.LevelDebug, 0), out.Bytes()) {
			if strings.Contains(string(line), canary) {
				t.Errorf("%s: the secret was written: %s", name, line)
			}
		}
		if n := len(log.Ring.Lines(slog.LevelDebug, 0)); n != 3 {
			t.Errorf("%s: want 3 lines in the ring, got %d", name, n)
		}
	}
	log, out := pipeline(t, slog.LevelInfo)
	log.Logger.Info("loaded " + pemKey)
	if got := one(t, out)["message"]; got != "loaded [redacted]\n" {
		t.Errorf("a PEM block in the message: got %q", got)
	}
}

func TestWhatIsNotSecretStays(t *testing.T) {
	t.Parallel()
	log, out := pipeline(t, slog.LevelInfo)
	log.Logger.Info("event",
		"public_key", "a1", "key_file", "/data/k.pem", "secretName", "demo-treasury", "monkey", "banana", "tokens_count", 3,
		"config", map[string]any{"amount": uint64(1<<63 + 1)})
	got := out.String()
	for _, want := range []string{
		`"public_key":"a1"`, `"key_file":"/data/k.pem"`, `"secretName":"demo-treasury"`, `"monkey":"banana"`,
		`"tokens_count":3`, `"amount":9223372036854775809`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in %s", want, got)
		}
	}
}

// Whatever surrounds a PEM block, its body never comes out.
func TestNoPEMBodySurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		before := rapid.String().Draw(rt, "before")
		after := rapid.String().Draw(rt, "after")
		label := rapid.SampledFrom([]string{"PRIVATE KEY", "EC PRIVATE KEY", "CERTIFICATE", "X9 42"}).Draw(rt, "label")
		log, out := pipeline(t, slog.LevelInfo)
		log.Logger.Info("event", "text", before+"-----BEGIN "+label+"-----"+canary+"-----END "+label+"-----"+after)
		if strings.Contains(out.String(), canary) {
			rt.Fatalf("the body was written: %s", out)
		}
	})
}

type errorText string

func (e errorText) Error() string { return string(e) }

func BenchmarkLine(b *testing.B) {
	log := telemetry.NewLogging(telemetry.LogOptions{Output: discard{}, Format: telemetry.FormatJSON})
	b.ReportAllocs()
	for b.Loop() {
		log.Logger.Info("block final", "height", uint64(7), "forger", "pos1abc", "txs", 2)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
