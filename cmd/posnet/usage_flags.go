package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/keys"
)

// goodValues tells, by the type of a flag, what its values are and an example.
var goodValues = map[string]string{
	"float64":  "is no number: write it like 3000 or 0.5",
	"int":      "is no whole number: write it like 100",
	"uint64":   "is no whole number of 0 or more: write it like 100",
	"duration": "is no length of time: write it with its unit, like 500ms, 30s or 1m30s",
	"bool":     "is neither true nor false",
	"intSlice": "is no list of whole numbers: write it like 4,7,13",
}

// explainFlag says of a bad value which flag it was given to, and what a good one looks like.
func explainFlag(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	f := invalid.GetFlag()
	good, known := goodValues[f.Value.Type()]
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("--%s %q is too large a number", f.Name, invalid.GetValue())
	case !known || f.Value.Type() == "duration" && !isPlainDuration(f):
		return fmt.Errorf("--%s %q: %w", f.Name, invalid.GetValue(), invalid.Unwrap())
	}
	return fmt.Errorf("--%s %q %s", f.Name, invalid.GetValue(), good)
}

// isPlainDuration reports whether a flag is one of time.Duration; others explain themselves.
func isPlainDuration(f *pflag.Flag) bool {
	_, own := f.Value.(millis)
	return !own
}

// checks are rules for values of flags; the first that is broken is the error.
type checks []error

func (c checks) first() error {
	for _, err := range c {
		if err != nil {
			return err
		}
	}
	return nil
}

// Rates of something a second: what is rarer than the first is no load, and no network takes more than the second.
const (
	leastRate = 0.01
	mostRate  = 1_000_000
)

// aRate is of something a second; 0 is as many as are taken.
func aRate(flag string, v float64) error {
	if v != 0 && !(v >= leastRate && v <= mostRate) { // also if v is no number
		return fmt.Errorf("--%s %.6g must be from %v to %d: write it like 3000; 0 is as many as are taken", flag, v, leastRate, mostRate)
	}
	return nil
}

func aPause(flag string, v time.Duration) error {
	if v < 0 {
		return fmt.Errorf("--%s %s must not be negative: write it like 10s, or 0", flag, v)
	}
	return nil
}

func aLength(flag string, v time.Duration) error {
	if v <= 0 {
		return fmt.Errorf("--%s %s must be more than nothing: write it like 30s", flag, v)
	}
	return nil
}

func aCount(flag string, v, least, most int) error {
	if v < least || v > most {
		return fmt.Errorf("--%s %d: from %d to %d", flag, v, least, most)
	}
	return nil
}

// whereFaucets tells where the key of an account with money lies.
const whereFaucets = `A devnet keeps its faucet's key in DATA/faucet.pem, and prints where; for a network of 'make up':
  (umask 077; kubectl -n posnet-demo get secret demo-faucet -o jsonpath='{.data.account\.pem}' | base64 -d > faucet.pem)`

// payingKey is the key that a measurement pays with.
func payingKey(cmd *cobra.Command, file string) (keys.PrivateKey, error) {
	if file == "" {
		return keys.PrivateKey{}, errors.New("no key to pay with: give --key-file FILE. " + whereFaucets)
	}
	key, err := loadKey(cmd, file)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("--key-file %s: %w. %s", file, err, whereFaucets)
	}
	return key, err
}
