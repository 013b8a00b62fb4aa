package main

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/signer"
)

func TestOnlyAnExplicitWordAndNoRunningNodeLiftAStop(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "node")
	must(t, "keys", "install", "--from", brought(t), "--data-dir", data)
	open := func() *signer.Signer {
		s, err := signer.Open(vfs.Default, filepath.Join(data, "validator"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	vote := signer.Request{Kind: signer.Precommit, Height: 3, Message: []byte("a vote")}
	resume := []string{"keys", "resume", "--data-dir", data}
	sure := append(resume, "--"+resumeFlag)

	s := open()
	if _, err := s.Sign(vote); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shows(t, must(t, sure...), "not stopped", "precommit at height 3 round 0")

	s = open()
	if err := s.Stop("DoubleIdentity", signer.Slot{Kind: signer.Prevote, Height: 5, Round: 1}); err != nil {
		t.Fatal(err)
	}
	refused(t, "in use", sure...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, resumeFlag, resume...)
	refused(t, "prevote at height 5 round 1", resume...)
	s = open()
	if _, err := s.Sign(vote); !errors.Is(err, signer.ErrStopped) {
		t.Errorf("after a refusal: %v, want %v", err, signer.ErrStopped)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	shows(t, must(t, sure...), "was stopped for DoubleIdentity", "prevote at height 5 round 1", "signs again")
	s = open()
	if _, err := s.Sign(vote); err != nil {
		t.Errorf("after it was lifted: %v", err)
	}
	if got := s.State(); got != (signer.Slot{Kind: signer.Precommit, Height: 3}) {
		t.Errorf("the sign-state is at %v, want it as it was", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, "no validator directory", "keys", "resume", "--data-dir", t.TempDir(), "--"+resumeFlag)
}
